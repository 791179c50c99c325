//! The page of all shops of this daemon, for the special instance only.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::super::origin::{base_url, client};
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::details;
use super::form::{Form, FormState};
use super::password::{chosen, chosen_twice, refused, shown_in};
use super::web_session::WebSession;
use crate::model::access::Permission;
use crate::model::instance::Instance;
use crate::till::{Auth, CreateInstance, Deletion, Error, Till};
use taler::ids::InstanceId;
use ui::Messages;
use ui::formatted_time::FormattedTime;
use ui::messages::filled;

/// A web session of the special instance, which manages the others. No other one gets to
/// a handler that asks for one.
#[derive(Debug)]
pub(in crate::http) struct Operator(pub(super) WebSession);

impl FromRequest for Operator {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let web_session = WebSession::from_request(request, payload).into_inner();
        ready(web_session.and_then(|web_session| {
            match web_session.principal().instance().id.is_admin() {
                true => Ok(Self(web_session)),
                false => Err(Error::NotPermitted(Permission::InstancesWrite).into()),
            }
        }))
    }
}

/// An instance as the page lists it.
struct InstanceRow {
    id: InstanceId,
    name: String,
    is_deleted: bool,
    has_account: bool,
}

#[derive(Template)]
#[template(path = "http/backoffice/instances.html")]
struct InstanceList<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    rows: Vec<InstanceRow>,
}

#[derive(Template)]
#[template(path = "http/backoffice/instance.html")]
struct InstancePage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    /// What customers may know of it.
    details: &'a FormState,
    /// Where the form about that leads.
    action: String,
    /// A new password.
    reset: &'a FormState,
    /// The form that deletes it.
    typed: &'a FormState,
    id: &'a str,
    name: &'a str,
    base_url: String,
    made: FormattedTime,
    is_deleted: bool,
    /// Whether it is the special instance, which must stay.
    is_own: bool,
}

async fn list(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let row = |(instance, kinds): (Instance, Vec<String>)| InstanceRow {
        is_deleted: instance.is_deleted(),
        has_account: !kinds.is_empty(),
        name: instance.settings.name,
        id: instance.id,
    };
    let rows = till.directory().await?.into_iter().map(row).collect();
    let page = InstanceList {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        rows,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/instances`.
pub(in crate::http) async fn page(till: Data<Till>, Operator(web_session): Operator) -> Answer {
    list(&web_session, &till, StatusCode::OK, &FormState::default()).await
}

/// `POST /webui/instances`.
pub(in crate::http) async fn create(
    till: Data<Till>,
    Operator(web_session): Operator,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let name = typed.form().text("name").to_owned();
    if name.is_empty() {
        typed.add_error("name", messages.name_needed);
    }
    let id = InstanceId::parse(typed.form().text("id"));
    if id.is_err() {
        typed.add_error("id", messages.no_instance_id);
    }
    let password = chosen(&mut typed, "password", messages);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Ok(id), Some(password), true) = (id, password, typed.is_good()) {
        let settings = till.plain_settings(&name);
        let wish =
            CreateInstance { id: id.clone(), settings, auth: Some(Auth::Password(password)) };
        match till.create_instance(wish).await {
            Ok(_) => return Ok(web_session.go(&format!("instances/{id}"), Some("kept"))),
            Err(Error::InstanceExists(_)) => {
                status = StatusCode::CONFLICT;
                typed.add_error("id", messages.name_taken);
            }
            Err(Error::PurgeRequired(_)) => {
                status = StatusCode::CONFLICT;
                typed.add_error("id", messages.purge_first);
            }
            Err(Error::InvalidField(_)) => typed.add_error("name", messages.too_long),
            Err(other) => return Err(other.into()),
        }
    }
    list(&web_session, &till, status, &typed).await
}

/// The instance `id`, deleted or not.
async fn find(till: &Till, id: &InstanceId) -> Result<Instance, Error> {
    let all = till.instances().await?;
    let found = all.into_iter().find(|instance| instance.id == *id);
    found.ok_or_else(|| Error::InstanceUnknown(id.clone()))
}

/// Which form of the page was sent and is shown again; the others are as new.
enum Submitted {
    Nothing,
    Details(FormState),
    Reset(FormState),
    Delete(FormState),
}

fn ask(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    web_session: &WebSession,
    instance: &Instance,
    status: StatusCode,
    sent: Submitted,
) -> Answer {
    let mut details = details::written(
        &instance.settings,
        till.tax_number(instance)?.as_deref(),
        web_session.messages(),
    );
    let (mut reset, mut typed) = (FormState::default(), FormState::default());
    match sent {
        Submitted::Nothing => {}
        Submitted::Details(sent) => details = sent,
        Submitted::Reset(sent) => reset = sent,
        Submitted::Delete(sent) => typed = sent,
    }
    let page = InstancePage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        details: &details,
        action: web_session.path(&format!("instances/{}", instance.id)),
        reset: &reset,
        typed: &typed,
        id: instance.id.as_str(),
        name: &instance.settings.name,
        base_url: base_url(request, settings, &instance.id)?.to_string(),
        made: web_session.formatted_time(instance.created_at),
        is_deleted: instance.is_deleted(),
        is_own: instance.id.is_admin(),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/instances/$ID`.
pub(in crate::http) async fn show(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    PathId(id): PathId<String>,
) -> Answer {
    let id = known(&id)?;
    let instance = find(&till, &id).await?;
    ask(&request, &till, &settings, &web_session, &instance, StatusCode::OK, Submitted::Nothing)
}

/// `POST /webui/instances/$ID`: what customers may know of it.
pub(in crate::http) async fn change(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    PathId(id): PathId<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    match details::save(&till, &instance.id, form, web_session.messages()).await? {
        None => Ok(back(&web_session, &instance, "kept")),
        Some(typed) => {
            let sent = Submitted::Details(typed);
            ask(&request, &till, &settings, &web_session, &instance, StatusCode::BAD_REQUEST, sent)
        }
    }
}

/// `POST /webui/instances/$ID/password`: a new one, for a shopkeeper who has lost it. The operator's
/// own is required: what is done here outlives the web session.
pub(in crate::http) async fn reset(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    PathId(id): PathId<String>,
    form: Form,
) -> Answer {
    let (messages, instance) = (web_session.messages(), find(&till, &known(&id)?).await?);
    let mut typed = FormState::of(form);
    if instance.id.is_admin() {
        // It has a page for this, where others are not asked for.
        return Ok(web_session.go("password", None));
    }
    let new = chosen_twice(&mut typed, messages);
    let own = shown_in(&mut typed, "own", messages);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(new), Some(own)) = (new, own) {
        let client = client(&request, &settings);
        match till.reset_password(web_session.principal(), own, client, &instance.id, new).await {
            Ok(()) => {
                return Ok(back(&web_session, &instance, "password-reset"));
            }
            Err(error) => status = refused(&mut typed, "own", error, messages)?,
        }
    }
    ask(&request, &till, &settings, &web_session, &instance, status, Submitted::Reset(typed))
}

/// Sends the browser back to the page of `instance`, where it reads the message `said`.
fn back(web_session: &WebSession, instance: &Instance, said: &str) -> HttpResponse {
    web_session.go(&format!("instances/{}", instance.id), Some(said))
}

/// What can be no name names nothing.
fn known(id: &str) -> Result<InstanceId, Failure> {
    InstanceId::parse(id).map_err(|_| Failure::Path)
}

/// `POST /webui/instances/$ID/delete`: its key and its tokens go, its history stays.
pub(in crate::http) async fn delete(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    PathId(id): PathId<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    let (typed, status) = match confirmed(&instance, form, web_session.messages()) {
        Ok(typed) => {
            let force = typed.form().has("force");
            match till.delete_instance(&instance.id, force).await {
                // A form that is sent twice has done what it should.
                Ok(Deletion::Done) | Err(Error::InstanceDeleted(_)) => {
                    return Ok(back(&web_session, &instance, "gone"));
                }
                Ok(Deletion::WhenAnswered(_)) => {
                    return Ok(back(&web_session, &instance, "going"));
                }
                Err(error) => {
                    (unfinished(typed, error, web_session.messages())?, StatusCode::CONFLICT)
                }
            }
        }
        Err(typed) => (typed, StatusCode::BAD_REQUEST),
    };
    ask(&request, &till, &settings, &web_session, &instance, status, Submitted::Delete(typed))
}

/// `POST /webui/instances/$ID/purge`: everything of it goes. It must have been deleted before.
pub(in crate::http) async fn purge(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    PathId(id): PathId<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    let (mut typed, status) = match confirmed(&instance, form, web_session.messages()) {
        Ok(typed) if instance.is_deleted() => {
            let force = typed.form().has("force");
            match till.purge_instance(&instance.id, force).await {
                Ok(Deletion::Done) => return Ok(web_session.go("instances", Some("gone"))),
                Ok(Deletion::WhenAnswered(_)) => {
                    return Ok(back(&web_session, &instance, "going"));
                }
                Err(error) => {
                    (unfinished(typed, error, web_session.messages())?, StatusCode::CONFLICT)
                }
            }
        }
        Ok(_) => (FormState::default(), StatusCode::BAD_REQUEST),
        Err(typed) => (typed, StatusCode::BAD_REQUEST),
    };
    if !instance.is_deleted() {
        typed.add_error("", web_session.messages().delete_before_purge);
    }
    ask(&request, &till, &settings, &web_session, &instance, status, Submitted::Delete(typed))
}

/// Says what of the instance is unfinished, beside the box that is to be ticked then; what no page can
/// mend stays a failure.
fn unfinished(
    mut typed: FormState,
    error: Error,
    messages: &Messages,
) -> Result<FormState, Failure> {
    let Error::InstanceUnfinished(open) = error else { return Err(error.into()) };
    let counts =
        [open.deposits, open.part_paid_orders, open.refunds].map(|count| count.to_string());
    let counts = counts.each_ref().map(String::as_str);
    typed.add_error("force", filled(messages.instance_unfinished, &counts));
    Ok(typed)
}

/// Whether the visitor has typed the name of the instance that is to be deleted, and it may be.
fn confirmed(instance: &Instance, form: Form, messages: &Messages) -> Result<FormState, FormState> {
    let mut typed = FormState::of(form);
    if typed.form().text("confirm") != instance.id.as_str() {
        typed.add_error("confirm", messages.confirm_differs);
    }
    if instance.id.is_admin() {
        typed.add_error("", messages.instance_is_own);
    }
    if typed.is_good() { Ok(typed) } else { Err(typed) }
}
