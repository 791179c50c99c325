//! Tables of products: taken away as files, and brought along, with a look at what would change before it does.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use askama::Template;
use data_encoding::HEXLOWER;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::product_file::{ProductFormat, write};
use super::product_table::{BadProductTable, TableContext, UNLIMITED, products};
use super::products::shown_quantity;
use super::table_file::BadTable;
use super::web_session::WebSession;
use crate::model::product::ProductDetails;
use crate::model::product_import::{ImportColumn, ImportFault, ImportProblem};
use crate::till::{
    Error, Import, ImportPlan, ImportTable, Imported, InventoryError, PlannedProduct, Till,
    WithPictures,
};
use taler::currency::CurrencySpecification;
use taler::quantity::DecimalQuantity;
use ui::Messages;
use ui::messages::filled;

/// How many products the preview shows; of the others it says how many there are.
const MOST_SHOWN: usize = 50;
/// How many faults say that there may be more.
const MANY_FAULTS: usize = 100;
/// Longest part of a text that the preview shows, in characters.
const MOST_TEXT: usize = 80;

/// A fault as the page says it.
struct FaultRow {
    place: String,
    text: String,
}

/// A value that changes.
struct Change {
    column: &'static str,
    before: String,
    after: String,
}

/// A product that is made or changed.
struct PlanRow {
    id: String,
    name: String,
    is_new: bool,
    changes: Vec<Change>,
}

/// What would change.
struct Preview {
    mark: String,
    fingerprint: String,
    rows: Vec<PlanRow>,
    added: usize,
    changed: usize,
    unchanged: usize,
    /// How many products are not shown.
    rest: String,
    new_categories: String,
    is_nothing: bool,
    /// Has the inventory changed since the last look?
    is_anew: bool,
}

#[derive(Template)]
#[template(path = "http/backoffice/product_import.html")]
struct ImportPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    faults: Vec<FaultRow>,
    has_more_faults: bool,
    preview: Option<Preview>,
    downloads: Vec<(&'static str, String)>,
    columns: Vec<(&'static str, String)>,
}

/// What the page shows beside its form.
#[derive(Default)]
struct Beside {
    typed: FormState,
    faults: Vec<ImportProblem>,
    preview: Option<Preview>,
}

/// What each column is for, in plain words.
fn meaning(column: ImportColumn, till: &Till, messages: &Messages) -> String {
    let text = match column {
        ImportColumn::Id => messages.import_column_id,
        ImportColumn::Name => messages.import_column_name,
        ImportColumn::Description => messages.import_column_description,
        ImportColumn::Categories => messages.import_column_categories,
        ImportColumn::Unit => messages.import_column_unit,
        ImportColumn::Price => messages.import_column_price,
        ImportColumn::Currency => {
            return filled(messages.import_column_currency, &[&usual(till).currency().to_string()]);
        }
        ImportColumn::Tax => messages.import_column_tax,
        ImportColumn::MinimumAge => messages.import_column_minimum_age,
        ImportColumn::Stock => messages.import_column_stock,
        ImportColumn::LowStock => messages.import_column_low_stock,
    };
    text.to_owned()
}

/// What is wrong, in plain words.
fn fault(fault: &ImportFault, messages: &Messages) -> String {
    let text = match fault {
        ImportFault::Needed => messages.import_fault_needed,
        ImportFault::BadId => messages.import_fault_id,
        ImportFault::Again(line) => {
            return filled(messages.import_fault_again, &[&line.to_string()]);
        }
        ImportFault::BadText => messages.import_fault_text,
        ImportFault::NoAmount => messages.import_fault_amount,
        ImportFault::TooFine => messages.import_fault_too_fine,
        ImportFault::UnknownCurrency => messages.import_fault_currency,
        ImportFault::NoTax => messages.import_fault_tax,
        ImportFault::NoQuantity => messages.import_fault_quantity,
        ImportFault::TooManyDigits => messages.import_fault_too_many_digits,
        ImportFault::NoAge => messages.import_fault_age,
        ImportFault::TooManyCategories => messages.import_fault_categories,
        ImportFault::TooLarge => messages.import_fault_too_large,
    };
    text.to_owned()
}

fn ask(web_session: &WebSession, till: &Till, status: StatusCode, beside: Beside) -> Answer {
    let messages = web_session.messages();
    let file = |format: &str| web_session.path(&format!("product-export?format={format}"));
    let place = |problem: &ImportProblem| {
        filled(messages.import_line, &[&problem.line.to_string(), problem.column.name()])
    };
    let page = ImportPage {
        context: web_session.context(),
        messages,
        web_session,
        typed: &beside.typed,
        has_more_faults: beside.faults.len() >= MANY_FAULTS,
        faults: beside
            .faults
            .iter()
            .map(|one| FaultRow { place: place(one), text: fault(&one.fault, messages) })
            .collect(),
        preview: beside.preview,
        downloads: vec![
            (messages.spreadsheet, file("xlsx")),
            (messages.local_csv, file("local-csv")),
            ("CSV (RFC 4180)", file("csv")),
        ],
        columns: ImportColumn::ALL
            .map(|column| (column.name(), meaning(column, till, messages)))
            .to_vec(),
    };
    shown(status, web_session.context(), &page)
}

/// The currency of prices that name none.
fn usual(till: &Till) -> CurrencySpecification {
    let first = messages::currencies(till).first().copied();
    till.specification(&first.unwrap_or_else(|| till.default_currency()))
}

/// `text`, or as much of it as the preview shows.
fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(MOST_TEXT).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// What changes about a product, column by column.
fn changes(
    product: &PlannedProduct,
    plan: &ImportPlan,
    web_session: &WebSession,
    till: &Till,
) -> Vec<Change> {
    let (messages, locale) = (web_session.messages(), web_session.context().locale);
    let quantity = |quantity: DecimalQuantity| shown_quantity(quantity, locale);
    let some = |text: String| match text.is_empty() {
        true => messages.nothing_said.to_owned(),
        false => short(&text),
    };
    let categories = |details: &ProductDetails| {
        let names = details.categories.iter().filter_map(|one| plan.category_names.get(one));
        names.map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let price = |details: &ProductDetails| {
        let price = details.prices.first();
        price.map(|price| web_session.money(price, till.policy())).unwrap_or_default()
    };
    let taxes = |details: &ProductDetails| {
        details.taxes.iter().map(|tax| tax.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let age = |details: &ProductDetails| match details.minimum_age {
        0 => String::new(),
        age => age.to_string(),
    };
    let texts = |details: &ProductDetails| {
        [
            (ImportColumn::Name, details.name.clone()),
            (ImportColumn::Description, details.description.clone()),
            (ImportColumn::Categories, categories(details)),
            (ImportColumn::Unit, details.unit.clone()),
            (ImportColumn::Price, price(details)),
            (ImportColumn::Tax, taxes(details)),
            (ImportColumn::MinimumAge, age(details)),
        ]
    };
    let stock = |present: Option<DecimalQuantity>| present.map_or(UNLIMITED.to_owned(), quantity);
    let low = |low: Option<DecimalQuantity>| low.map(quantity).unwrap_or_default();
    let mut after = texts(&product.details).to_vec();
    after.push((ImportColumn::Stock, stock(product.present())));
    after.push((ImportColumn::LowStock, low(product.low_stock)));
    let before = product.before.as_ref().map(|before| {
        let mut all = texts(&before.details).to_vec();
        all.push((ImportColumn::Stock, stock(before.present())));
        all.push((ImportColumn::LowStock, low(before.low_stock)));
        all
    });
    let changed = after.into_iter().enumerate().filter_map(|(at, (column, after))| {
        let before = before.as_ref().and_then(|all| all.get(at)).map(|(_, text)| text.clone());
        match before {
            // Of a new product, what is said.
            None if after.is_empty() => None,
            None => {
                Some(Change { column: column.name(), before: String::new(), after: short(&after) })
            }
            Some(before) if before == after => None,
            Some(before) => {
                Some(Change { column: column.name(), before: some(before), after: some(after) })
            }
        }
    });
    changed.collect()
}

fn preview(
    plan: &ImportPlan,
    mark: &str,
    is_anew: bool,
    web_session: &WebSession,
    till: &Till,
) -> Preview {
    let messages = web_session.messages();
    let rows = plan.products.iter().take(MOST_SHOWN).map(|product| PlanRow {
        id: product.id.to_string(),
        name: short(&product.details.name),
        is_new: product.before.is_none(),
        changes: changes(product, plan, web_session, till),
    });
    let added = plan.products.iter().filter(|product| product.before.is_none()).count();
    let rest = plan.products.len().saturating_sub(MOST_SHOWN);
    let mut names: Vec<String> =
        plan.new_categories.iter().take(MOST_SHOWN).map(|name| short(name)).collect();
    if plan.new_categories.len() > names.len() {
        names.push("…".to_owned());
    }
    Preview {
        mark: mark.to_owned(),
        fingerprint: HEXLOWER.encode(&plan.fingerprint),
        rows: rows.collect(),
        added,
        changed: plan.products.len().saturating_sub(added),
        unchanged: plan.unchanged,
        rest: match rest {
            0 => String::new(),
            rest => filled(messages.import_rest, &[&rest.to_string()]),
        },
        new_categories: names.join(", "),
        is_nothing: plan.products.is_empty() && plan.new_categories.is_empty(),
        is_anew,
    }
}

/// The page with what the table `mark` would change now.
async fn look(
    web_session: &WebSession,
    till: &Till,
    settings: &Settings,
    mark: &str,
    is_anew: bool,
) -> Answer {
    let (messages, principal) = (web_session.messages(), web_session.principal());
    let mut beside = Beside::default();
    let Some(table) = settings.forms.imports.get(mark, &principal.instance().id) else {
        beside.typed.add_error("", messages.import_gone);
        return ask(web_session, till, StatusCode::OK, beside);
    };
    match till.plan_import(principal, Arc::unwrap_or_clone(table)).await {
        Ok(Import::Plan(plan)) => {
            beside.preview = Some(preview(&plan, mark, is_anew, web_session, till));
        }
        Ok(Import::Problems(problems)) => {
            beside.typed.add_error("", messages.import_problems);
            beside.faults = problems;
        }
        Err(Error::Inventory(InventoryError::Full(_))) => {
            beside.typed.add_error("", messages.inventory_full);
        }
        Err(other) => return Err(other.into()),
    }
    let status = if is_anew { StatusCode::CONFLICT } else { StatusCode::OK };
    ask(web_session, till, status, beside)
}

/// `GET /webui/product-import`; with `table`, what that would change.
pub(in crate::http) async fn page(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    match params.text("table") {
        Some(mark) => look(&web_session, &till, &settings, mark, false).await,
        None => ask(&web_session, &till, StatusCode::OK, Beside::default()),
    }
}

/// Says why a file is no table of products.
fn refused(beside: &mut Beside, bad: BadProductTable, messages: &Messages) {
    let line = |text: &str, line: u64| filled(text, &[&line.to_string()]);
    let text = match bad {
        BadProductTable::Table(BadTable::Unreadable) => messages.import_unreadable.to_owned(),
        BadProductTable::Table(BadTable::TooLarge) => messages.import_too_large.to_owned(),
        BadProductTable::Table(BadTable::TooManyLines) => messages.import_too_many_lines.to_owned(),
        BadProductTable::Table(BadTable::TooWide(at)) => line(messages.import_too_wide, at),
        BadProductTable::Table(BadTable::CellTooLong(at)) => {
            line(messages.import_cell_too_long, at)
        }
        BadProductTable::Table(BadTable::Empty) => messages.import_empty.to_owned(),
        BadProductTable::NoColumn(name) => filled(messages.import_no_column, &[name]),
        BadProductTable::UnknownColumn(name) => {
            filled(messages.import_unknown_column, &[&short(&name)])
        }
        BadProductTable::ColumnTwice(name) => filled(messages.import_column_twice, &[name]),
        BadProductTable::Problems(problems) => {
            beside.faults = problems;
            messages.import_problems.to_owned()
        }
    };
    beside.typed.add_error("", text);
}

/// The table in `bytes`, read where that may take a while.
async fn read_table(
    till: &Till,
    bytes: Bytes,
    tax_name: &'static str,
) -> Result<Result<ImportTable, BadProductTable>, Failure> {
    let currency = usual(till);
    let currencies: Vec<_> =
        messages::currencies(till).iter().map(|one| till.specification(one)).collect();
    let reading = move || {
        let context = TableContext { currency, currencies: &currencies, tax_name };
        products(&bytes, &context)
    };
    actix_web::web::block(reading).await.map_err(|error| Failure::Bug(error.to_string()))
}

/// `POST /webui/product-import`: reads a table, and leads to what it would change.
pub(in crate::http) async fn submit(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let typed = form.text("table");
    let bytes = match form.file("file") {
        Some(bytes) => bytes.clone(),
        None => Bytes::from(typed.to_owned()),
    };
    let mut beside = Beside::default();
    if bytes.is_empty() {
        beside.typed.add_error("file", messages.import_nothing);
        return ask(&web_session, &till, StatusCode::BAD_REQUEST, beside);
    }
    match read_table(&till, bytes, messages.tax_usual).await? {
        Ok(table) => {
            let mark = till.random_token()?;
            let shop = web_session.principal().instance().id.clone();
            settings.forms.imports.put(mark.clone(), shop, table);
            Ok(web_session.go(&format!("product-import?table={mark}"), None))
        }
        Err(bad) => {
            refused(&mut beside, bad, messages);
            ask(&web_session, &till, StatusCode::BAD_REQUEST, beside)
        }
    }
}

/// `POST /webui/product-import/apply`: changes what was shown.
pub(in crate::http) async fn apply(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let principal = web_session.principal();
    let mark = form.text("mark");
    let Some(table) = settings.forms.imports.get(mark, &principal.instance().id) else {
        let mut beside = Beside::default();
        beside.typed.add_error("", web_session.messages().import_gone);
        return ask(&web_session, &till, StatusCode::GONE, beside);
    };
    let fingerprint = HEXLOWER.decode(form.text("fingerprint").as_bytes()).ok();
    let fingerprint = fingerprint.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let fingerprint = fingerprint.unwrap_or_default();
    match till.import(principal, Arc::unwrap_or_clone(table), fingerprint).await {
        Ok(Imported::Done) => {
            settings.forms.imports.forget(mark);
            Ok(web_session.go("products", Some("imported")))
        }
        Ok(Imported::Changed) | Err(Error::Inventory(InventoryError::Full(_))) => {
            look(&web_session, &till, &settings, mark, true).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /webui/product-export`: all products in one file.
pub(in crate::http) async fn export(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let format = params.text("format").and_then(ProductFormat::of);
    let format = format.ok_or_else(|| Failure::Malformed("format".into()))?;
    let all = till.point_of_sale(web_session.principal(), WithPictures::No).await?;
    let locale = web_session.context().locale;
    let writing = move || write(&all, format, locale);
    let bytes = actix_web::web::block(writing).await;
    let bytes = bytes.map_err(|error| Failure::Bug(error.to_string()))?;
    let bytes = bytes.map_err(|error| Failure::Bug(error.to_string()))?;
    let (kind, ending) = format.media();
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"products.{ending}\"")))
        .body(bytes))
}
