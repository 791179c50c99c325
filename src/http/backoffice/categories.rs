//! The pages of categories, by which products are sorted at the till. They stand by their names everywhere.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::extract::PathId;
use super::super::pages::page::PageContext;
use super::answer::shown;
use super::form::{Form, FormState};
use super::products::row_number;
use super::web_session::WebSession;
use crate::model::category::NewCategory;
use crate::model::product::Translations;
use crate::till::{Error, InventoryError, Till};
use ui::Messages;

/// A category in the list.
struct CategoryRow {
    serial: i64,
    name: String,
    count: i64,
}

#[derive(Template)]
#[template(path = "http/backoffice/categories.html")]
struct CategoriesPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    rows: Vec<CategoryRow>,
}

#[derive(Template)]
#[template(path = "http/backoffice/category.html")]
struct CategoryPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    title: &'a str,
    action: String,
    typed: &'a FormState,
}

async fn list(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let all = till.categories(web_session.principal()).await?.into_iter();
    let mut rows: Vec<_> = all
        .map(|one| CategoryRow {
            serial: one.serial,
            name: one.details.name,
            count: one.product_count,
        })
        .collect();
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.serial));
    let page = CategoriesPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        rows,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/categories`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    list(&web_session, &till, StatusCode::OK, &FormState::default()).await
}

/// Says beside the input why a category cannot be called so, and the status for it.
fn refused(typed: &mut FormState, error: Error, messages: &Messages) -> Result<StatusCode, Error> {
    match error {
        Error::InvalidField(_) if typed.form().text("name").is_empty() => {
            typed.add_error("name", messages.note_needed);
        }
        Error::InvalidField(_) => typed.add_error("name", messages.too_long),
        Error::Inventory(InventoryError::CategoryExists) => {
            typed.add_error("name", messages.name_taken);
            return Ok(StatusCode::CONFLICT);
        }
        Error::Inventory(InventoryError::Full(_)) => {
            typed.add_error("", messages.inventory_full);
            return Ok(StatusCode::CONFLICT);
        }
        other => return Err(other),
    }
    Ok(StatusCode::BAD_REQUEST)
}

/// `POST /webui/categories`.
pub(in crate::http) async fn add(till: Data<Till>, web_session: WebSession, form: Form) -> Answer {
    let mut typed = FormState::of(form);
    let name = typed.form().text("name").to_owned();
    let new = NewCategory { name, name_i18n: Translations::new() };
    match till.add_category(web_session.principal(), new).await {
        Ok(_) => Ok(web_session.go("categories", Some("kept"))),
        Err(error) => {
            let status = refused(&mut typed, error, web_session.messages())?;
            list(&web_session, &till, status, &typed).await
        }
    }
}

fn one(
    web_session: &WebSession,
    serial: i64,
    title: &str,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let page = CategoryPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        title,
        action: web_session.path(&format!("categories/{serial}")),
        typed,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/categories/$SERIAL`.
pub(in crate::http) async fn show(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
) -> Answer {
    let serial = row_number(&serial);
    let old = till.category(web_session.principal(), serial).await?.category.details;
    let typed = FormState::suggesting(&[("name", &old.name)]);
    one(&web_session, serial, &old.name, StatusCode::OK, &typed)
}

/// `POST /webui/categories/$SERIAL`: another name. Translations that a program has written stay.
pub(in crate::http) async fn change(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    form: Form,
) -> Answer {
    let serial = row_number(&serial);
    let old = till.category(web_session.principal(), serial).await?.category.details;
    let mut typed = FormState::of(form);
    let new = NewCategory { name: typed.form().text("name").to_owned(), ..old.clone() };
    match till.change_category(web_session.principal(), serial, new).await {
        Ok(()) => Ok(web_session.go("categories", Some("kept"))),
        Err(error) => {
            let status = refused(&mut typed, error, web_session.messages())?;
            one(&web_session, serial, &old.name, status, &typed)
        }
    }
}

/// `POST /webui/categories/$SERIAL/delete`. Its products stay.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    _form: Form,
) -> Answer {
    let serial = row_number(&serial);
    till.delete_category(web_session.principal(), serial).await?;
    Ok(web_session.go("categories", Some("gone")))
}
