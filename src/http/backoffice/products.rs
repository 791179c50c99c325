//! The pages of products: what the shop sells, and how much of it is there.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::extract::{PathId, QueryParams};
use super::super::pages::page::PageContext;
use super::super::products::image_hash;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::pictures::{BadPicture, picture};
use super::web_session::WebSession;
use crate::model::product::{Image, MAX_CATEGORIES, Prices, Product, ProductChange, ProductSerial};
use crate::model::product_tax::{anew, rate_of};
use crate::model::stock::{LowStock, MoveStock, StockMovement, StockPage, StockReason};
use crate::model::tax::{TaxPercent, TaxRate};
use crate::till::{Error, HeldProduct, InventoryError, Till};
use taler::amount::{Amount, Currency};
use taler::coin::age::MAX_AGE;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use ui::formatted_time::FormattedTime;
use ui::messages::filled;
use ui::money::{self, BadNumber};
use ui::{Locale, Messages};

/// How many products are on a page.
const PAGE: u32 = 50;
/// The last page that can be asked for; there are not so many products.
const MAX_PAGE: u32 = 1000;
/// How many changes of a stock are on a page.
const MOVEMENTS: u32 = 20;
/// Longest number that is made of a name, in characters.
const MAX_MADE_ID: usize = 40;
/// How many numbers are tried for a product whose name is taken.
const MOST_TRIES: u32 = 100;
/// What is counted where nothing else is said.
const PIECE: &str = "Piece";

/// Reasons for which people change a stock.
const REASONS: &[StockReason] = &[
    StockReason::Delivery,
    StockReason::Breakage,
    StockReason::OwnUse,
    StockReason::Count,
    StockReason::Uncounted,
];

/// Why a stock changes, in plain words.
pub(super) fn reason(reason: StockReason, messages: &Messages) -> &'static str {
    match reason {
        StockReason::Delivery => messages.stock_delivery,
        StockReason::Breakage => messages.stock_breakage,
        StockReason::OwnUse => messages.stock_own_use,
        StockReason::Count => messages.stock_count,
        StockReason::Return => messages.stock_return,
        StockReason::Uncounted => messages.stock_uncounted,
    }
}

/// A quantity as the visitor writes it.
pub(super) fn shown_quantity(quantity: DecimalQuantity, locale: Locale) -> String {
    quantity.to_string().replace('.', &locale.decimal.to_string())
}

/// A quantity as people type it, with a comma or a dot.
pub(super) fn read_quantity(text: &str) -> Option<DecimalQuantity> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    DecimalQuantity::parse(text.replace(',', ".")).ok()
}

/// The quantity that was typed into `name`; `None` and no complaint if nothing was.
fn quantity(
    typed: &mut FormState,
    name: &'static str,
    messages: &Messages,
) -> Option<DecimalQuantity> {
    let quantity = read_quantity(typed.form().some(name)?);
    if quantity.is_none() {
        typed.add_error(name, messages.no_quantity);
    }
    quantity
}

/// A product as pages show it.
struct ProductRow {
    path: String,
    name: String,
    id: String,
    price: String,
    unit: String,
    /// Where its picture is.
    picture: Option<String>,
    /// How much is there; `None`: it is not counted.
    present: Option<String>,
    is_low: bool,
}

impl ProductRow {
    fn of(product: &Product, web_session: &WebSession, till: &Till, units: &Units) -> Self {
        let locale = web_session.context().locale;
        let price = product.details.prices.first().filter(|price| !price.is_zero());
        Self {
            path: web_session.path(&format!("products/{}", product.serial.0)),
            name: product.details.name.clone(),
            id: product.id.to_string(),
            price: price.map(|price| web_session.money(price, till.policy())).unwrap_or_default(),
            unit: units.sign(&product.details.unit).to_owned(),
            picture: picture_path(product, web_session),
            present: product.present().map(|present| shown_quantity(present, locale)),
            is_low: product.is_low(),
        }
    }
}

/// Where the picture of `product` is.
fn picture_path(product: &Product, web_session: &WebSession) -> Option<String> {
    let hash = image_hash(product)?;
    Some(web_session.path(&format!("pictures/{hash}")))
}

/// The units of a shop, for forms and lists.
struct Units(Vec<(String, String, String)>);

impl Units {
    /// Those in use, in the order of their words.
    async fn of(till: &Till, web_session: &WebSession) -> Result<Self, Error> {
        let language = web_session.context().language();
        let units = till.units(web_session.principal()).await?.into_iter();
        let units = units.filter(|unit| unit.is_active).map(|unit| {
            let long = unit.name_long_i18n.get(language).unwrap_or(&unit.name_long).clone();
            let short = unit.name_short_i18n.get(language).unwrap_or(&unit.name_short).clone();
            (unit.unit, long, short)
        });
        let mut units: Vec<_> = units.collect();
        units.sort_by(|one, other| (one.0 != PIECE, &one.1).cmp(&(other.0 != PIECE, &other.1)));
        Ok(Self(units))
    }

    /// What stands behind a quantity.
    fn sign<'a>(&'a self, unit: &'a str) -> &'a str {
        self.0.iter().find(|(known, ..)| known == unit).map_or(unit, |(_, _, short)| short)
    }

    /// To choose from, with that of a product that is counted in something else.
    fn options<'a>(&'a self, own: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut all: Vec<_> =
            self.0.iter().map(|(unit, long, _)| (unit.as_str(), long.as_str())).collect();
        if !own.is_empty() && !all.iter().any(|(unit, _)| *unit == own) {
            all.insert(0, (own, own));
        }
        all
    }
}

/// What the visitor wants to see.
struct Ask {
    text: String,
    category: Option<i64>,
    low: &'static str,
    page: u32,
}

impl Ask {
    fn of(params: &QueryParams) -> Self {
        let text = params.text("q").unwrap_or_default().trim().to_owned();
        let category = params.text("category").and_then(|text| text.parse().ok());
        let low = match params.text("low") {
            Some("first") => "first",
            Some("only") => "only",
            _ => "",
        };
        let page = params.text("page").and_then(|text| text.parse().ok()).unwrap_or(1);
        Self { text, category, low, page: page.clamp(1, MAX_PAGE) }
    }

    fn stock_page(&self) -> StockPage {
        StockPage {
            category: self.category,
            text: Some(self.text.clone()).filter(|text| !text.is_empty()),
            low: match self.low {
                "first" => LowStock::First,
                "only" => LowStock::Only,
                _ => LowStock::Alike,
            },
            // One more, to know whether there is another page.
            limit: PAGE.saturating_add(1),
            offset: self.page.saturating_sub(1).saturating_mul(PAGE),
        }
    }

    /// Whether only this category is wanted.
    fn is_in(&self, category: &i64) -> bool {
        self.category == Some(*category)
    }

    /// The address of another page of the same.
    fn query(&self, page: u32) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &self.text).append_pair("low", self.low);
        if let Some(category) = self.category {
            query.append_pair("category", &category.to_string());
        }
        query.append_pair("page", &page.to_string()).finish()
    }
}

#[derive(Template)]
#[template(path = "http/backoffice/products.html")]
struct ProductsPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    ask: &'a Ask,
    /// Number and name of each, in the order of their names.
    categories: Vec<(i64, String)>,
    rows: Vec<ProductRow>,
    low: i64,
    newer: Option<String>,
    older: Option<String>,
}

/// The categories of the shop, in the order of their names.
pub(super) async fn categories(
    till: &Till,
    web_session: &WebSession,
) -> Result<Vec<(i64, String)>, Error> {
    let all = till.categories(web_session.principal()).await?.into_iter();
    let mut all: Vec<_> = all.map(|one| (one.serial, one.details.name)).collect();
    all.sort_by_cached_key(|(serial, name)| (name.to_lowercase(), *serial));
    Ok(all)
}

/// `GET /webui/products`: those with `q` in name, number or description, in the category `category`; `low` says
/// where those are of which there is little.
pub(in crate::http) async fn page(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let ask = Ask::of(&params);
    let mut found = till.products_page(web_session.principal(), ask.stock_page()).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = found.products.len() > most;
    found.products.truncate(most);
    let units = Units::of(&till, &web_session).await?;
    let place = |page: u32| web_session.path(&format!("products?{}", ask.query(page)));
    let page = ProductsPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session: &web_session,
        categories: categories(&till, &web_session).await?,
        rows: found
            .products
            .iter()
            .map(|product| ProductRow::of(product, &web_session, &till, &units))
            .collect(),
        low: found.low,
        newer: (ask.page > 1).then(|| place(ask.page.saturating_sub(1))),
        older: has_more.then(|| place(ask.page.saturating_add(1))),
        ask: &ask,
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// A change of a stock as its list shows it.
struct MovementRow {
    at: FormattedTime,
    reason: &'static str,
    change: String,
    left: String,
    who: String,
    note: String,
    /// The order's page, where the note is its number.
    order_path: String,
}

impl MovementRow {
    fn of(movement: StockMovement, web_session: &WebSession) -> Self {
        let (messages, locale) = (web_session.messages(), web_session.context().locale);
        let is_return = movement.reason == StockReason::Return;
        let left = movement.left.map(|left| shown_quantity(left, locale));
        Self {
            at: web_session.formatted_time(movement.at),
            reason: reason(movement.reason, messages),
            change: movement.change.to_string().replace('.', &locale.decimal.to_string()),
            left: left.unwrap_or_else(|| messages.stock_endless.to_owned()),
            who: movement.who,
            order_path: match is_return && !movement.note.is_empty() {
                true => web_session.path(&format!("orders/{}", movement.note)),
                false => String::new(),
            },
            note: movement.note,
        }
    }
}

/// What there is of a product that is kept already.
struct StockView {
    /// `None`: it is not counted.
    present: Option<String>,
    held: Option<String>,
    sold: String,
    lost: String,
    unit: String,
    is_low: bool,
    /// Is some of it locked or reserved?
    is_held: bool,
    movements: Vec<MovementRow>,
    older: Option<String>,
}

/// A box to tick for a category.
struct CategoryBox {
    serial: i64,
    name: String,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "http/backoffice/product.html")]
struct ProductPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    title: &'a str,
    action: String,
    typed: &'a FormState,
    moved: &'a FormState,
    delete: &'a FormState,
    currencies: Vec<String>,
    units: Vec<(&'a str, &'a str)>,
    boxes: Vec<CategoryBox>,
    picture: Option<String>,
    number: String,
    stock: Option<StockView>,
    /// For which the stock can change.
    reasons: Vec<(&'static str, &'static str)>,
    has_more: bool,
}

/// What was typed into one of the forms, if it was refused.
#[derive(Default)]
struct Tried {
    product: Option<FormState>,
    moved: Option<FormState>,
    delete: Option<FormState>,
    before: Option<i64>,
}

/// Shows the form; of the product numbered `serial` with its stock, if there is one already.
async fn show_form(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    serial: Option<ProductSerial>,
    tried: Tried,
) -> Answer {
    let messages = web_session.messages();
    let units = Units::of(till, web_session).await?;
    let all = categories(till, web_session).await?;
    let (mut product, mut movements) = (None, Vec::new());
    if let Some(serial) = serial {
        let limit = MOVEMENTS.saturating_add(1);
        let principal = web_session.principal();
        let found = till.product_with_movements(principal, serial, tried.before, limit).await?;
        (product, movements) = (Some(found.0), found.1);
    }
    let is_sent = tried.product.is_some();
    let typed = tried.product.unwrap_or_else(|| match &product {
        Some(product) => filled_in(product, web_session),
        None => FormState::suggesting(&[("unit", PIECE)]),
    });
    let moved = tried.moved.unwrap_or_default();
    let action = web_session.path(&match serial {
        Some(serial) => format!("products/{}", serial.0),
        None => "new-product".to_owned(),
    });
    let ticked: Vec<i64> = match (&product, is_sent) {
        (Some(product), false) => product.details.categories.clone(),
        _ => typed.form().all("category[]").filter_map(|text| text.parse().ok()).collect(),
    };
    let own_unit = product.as_ref().map(|product| product.details.unit.as_str());
    let stock = product
        .as_ref()
        .map(|product| stock_view(product, movements, web_session, &units, &action));
    let more = ["description", "minimum_age", "tax_percent", "low_stock"];
    let page = ProductPage {
        context: web_session.context(),
        messages,
        web_session,
        title: match &product {
            Some(product) => &product.details.name,
            None => messages.new_product,
        },
        currencies: currencies(till, product.as_ref()).iter().map(Currency::to_string).collect(),
        units: units.options(own_unit.unwrap_or_default()),
        boxes: all
            .into_iter()
            .map(|(serial, name)| CategoryBox { is_ticked: ticked.contains(&serial), serial, name })
            .collect(),
        picture: product.as_ref().and_then(|product| picture_path(product, web_session)),
        number: product.as_ref().map(|product| product.id.to_string()).unwrap_or_default(),
        has_more: more.iter().any(|name| !typed.value(name).is_empty()),
        stock,
        reasons: reasons(product.as_ref(), messages),
        typed: &typed,
        moved: &moved,
        delete: &tried.delete.unwrap_or_default(),
        action,
    };
    shown(status, web_session.context(), &page)
}

fn stock_view(
    product: &Product,
    mut movements: Vec<StockMovement>,
    web_session: &WebSession,
    units: &Units,
    action: &str,
) -> StockView {
    let locale = web_session.context().locale;
    let most = usize::try_from(MOVEMENTS).unwrap_or(usize::MAX);
    let has_older = movements.len() > most;
    movements.truncate(most);
    let last = movements.last().filter(|_| has_older);
    let older = last.map(|last| format!("{action}?before={}#movements", last.serial));
    let number = |quantity| shown_quantity(quantity, locale);
    StockView {
        present: product.present().map(number),
        held: (!product.held.is_zero()).then(|| number(product.held)),
        sold: number(product.sold),
        lost: number(product.details.total_lost),
        unit: units.sign(&product.details.unit).to_owned(),
        is_low: product.is_low(),
        is_held: !product.held.is_zero(),
        movements: movements.into_iter().map(|one| MovementRow::of(one, web_session)).collect(),
        older,
    }
}

/// For which reasons the stock of `product` can change.
fn reasons(product: Option<&Product>, messages: &Messages) -> Vec<(&'static str, &'static str)> {
    let is_counted = product.is_some_and(|product| product.details.total_stock.is_some());
    // What is not counted can only be counted.
    let fits = |one: &&StockReason| is_counted || **one == StockReason::Count;
    REASONS.iter().filter(fits).map(|one| (one.as_str(), reason(*one, messages))).collect()
}

/// In what a product can be priced, that of `product` first.
fn currencies(till: &Till, product: Option<&Product>) -> Vec<Currency> {
    let own = product.and_then(|product| product.details.prices.first()).map(Amount::currency);
    let mut all = messages::currencies(till);
    if let Some(own) = own.copied() {
        all.retain(|one| *one != own);
        all.insert(0, own);
    }
    all
}

/// The rate of a product's tax, if it has one that the form can show.
fn rate(product: &Product) -> Option<TaxRate> {
    match product.details.taxes.as_slice() {
        [tax] => rate_of(tax),
        _ => None,
    }
}

/// The form as `old` fills it in.
fn filled_in(old: &Product, web_session: &WebSession) -> FormState {
    let locale = web_session.context().locale;
    let (details, rate) = (&old.details, rate(old));
    let price = details.prices.first().filter(|price| !price.is_zero());
    let percent = rate.as_ref().map(|rate| rate.percent.to_string());
    let pairs = [
        ("name", Some(details.name.clone())),
        ("description", Some(details.description.clone())),
        ("price", price.map(|price| money::number(price, locale))),
        ("currency", price.map(|price| price.currency().to_string())),
        ("unit", Some(details.unit.clone())),
        ("low_stock", old.low_stock.map(|low| shown_quantity(low, locale))),
        ("minimum_age", (details.minimum_age > 0).then(|| details.minimum_age.to_string())),
        ("tax_percent", percent.map(|text| text.replace('.', &locale.decimal.to_string()))),
        ("tax_name", rate.map(|rate| rate.name)),
    ];
    let pairs: Vec<_> =
        pairs.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    FormState::suggesting(&pairs)
}

/// The price that was typed; nothing is a price of zero, which says that it is typed at the till.
fn price(
    typed: &mut FormState,
    till: &Till,
    old: Option<&Product>,
    messages: &Messages,
) -> Option<Amount> {
    let offered = currencies(till, old);
    let specification = messages::currency(typed, &offered, till, messages);
    let Some(text) = typed.form().some("price") else {
        return Some(Amount::zero(*specification.currency()));
    };
    match money::read_strictly(text, &specification) {
        Ok(amount) => Some(amount),
        Err(BadNumber::NoNumber) => {
            typed.add_error("price", messages.no_amount);
            None
        }
        Err(BadNumber::TooFine) => {
            let digits = specification.input_digits().to_string();
            typed.add_error("price", filled(messages.amount_too_fine, &[&digits]));
            None
        }
    }
}

/// The tax that was typed; `None` and no complaint if none was.
fn tax(typed: &mut FormState, messages: &Messages) -> Option<TaxRate> {
    let percent = typed.form().some("tax_percent")?.replace(',', ".");
    let percent = percent.trim_end_matches('%').trim_end().to_owned();
    let name = typed.form().some("tax_name").unwrap_or(messages.tax_usual).to_owned();
    match TaxPercent::parse(&percent) {
        Ok(percent) => Some(TaxRate { name, percent }),
        Err(_) => {
            typed.add_error("tax_percent", messages.no_tax);
            None
        }
    }
}

/// The picture that was chosen: another one, none any more, or that which there is.
fn chosen_picture(typed: &mut FormState, messages: &Messages) -> Option<Option<Image>> {
    let Some(file) = typed.form().file("picture") else {
        return typed.form().has("no_picture").then_some(None);
    };
    match picture(file) {
        Ok(image) => Some(Some(image)),
        Err(bad) => {
            let text = match bad {
                BadPicture::Kind => messages.picture_bad_kind,
                BadPicture::TooLarge => messages.picture_too_large,
            };
            typed.add_error("picture", text);
            None
        }
    }
}

/// What was typed about a product; `None`, and `typed` says why.
fn read(
    typed: &mut FormState,
    till: &Till,
    old: Option<&Product>,
    messages: &Messages,
) -> Option<ProductChange> {
    let name = typed.form().text("name").to_owned();
    if name.is_empty() {
        typed.add_error("name", messages.note_needed);
    }
    let price = price(typed, till, old, messages);
    let rate_typed = tax(typed, messages);
    let stock = match old {
        // Later it is changed for a reason.
        Some(_) => None,
        None => Some(quantity(typed, "stock", messages)),
    };
    let low_stock = quantity(typed, "low_stock", messages);
    let minimum_age = match typed.form().some("minimum_age").map(str::parse::<u8>) {
        None => 0,
        Some(Ok(age)) if age <= MAX_AGE => age,
        Some(_) => {
            typed.add_error("minimum_age", messages.no_count);
            0
        }
    };
    let categories: Vec<i64> =
        typed.form().all("category[]").filter_map(|text| text.parse().ok()).collect();
    if categories.len() > MAX_CATEGORIES {
        typed.add_error("", messages.product_too_many_categories);
    }
    let image = chosen_picture(typed, messages);
    let is_net = old.is_some_and(|old| old.details.price_is_net);
    let old_taxes = old.map(|old| old.details.taxes.clone()).unwrap_or_default();
    let taxes = price.and_then(|price| {
        let taxes = match (rate_typed, old.is_some_and(|old| rate(old).is_none())) {
            (Some(rate), _) => rate.on_piece(&price, is_net).map(|tax| vec![tax]),
            // The form did not show them.
            (None, true) => anew(&old_taxes, &price, is_net),
            (None, false) => Ok(Vec::new()),
        };
        taxes.map_err(|_| typed.add_error("price", messages.no_amount)).ok()
    });
    if !typed.is_good() {
        return None;
    }
    // Browsers end a line with CR LF.
    let description = typed.form().text("description").replace("\r\n", "\n");
    Some(ProductChange {
        name: Some(name),
        description: Some(description),
        categories: Some(categories),
        unit: Some(typed.form().some("unit").unwrap_or(PIECE).to_owned()),
        total_stock: stock,
        prices: price.map(Prices::First),
        image,
        taxes,
        minimum_age: Some(minimum_age),
        low_stock: Some(low_stock),
        ..ProductChange::default()
    })
}

/// Says beside which input why a product cannot be so, and the status for it.
fn refused(typed: &mut FormState, error: Error, messages: &Messages) -> Result<StatusCode, Error> {
    match error {
        Error::InvalidField(field) => match field.0 {
            "product_name" => typed.add_error("name", messages.too_long),
            "description" => typed.add_error("description", messages.too_long),
            "unit_total_stock" | "unit_total_lost" => {
                typed.add_error("stock", messages.quantity_too_fine);
                typed.add_error("unit", messages.quantity_too_fine);
            }
            "low_stock" => typed.add_error("low_stock", messages.quantity_too_fine),
            "taxes" => typed.add_error("tax_name", messages.too_long),
            _ => typed.add_error("", messages.product_unfit),
        },
        Error::Inventory(InventoryError::ProductExists(_)) => {
            typed.add_error("id", messages.name_taken);
            return Ok(StatusCode::CONFLICT);
        }
        Error::Inventory(InventoryError::Full(_)) => {
            typed.add_error("", messages.inventory_full);
            return Ok(StatusCode::CONFLICT);
        }
        Error::Inventory(InventoryError::CategoryUnknown(_)) => {
            typed.add_error("", messages.category_gone);
            return Ok(StatusCode::CONFLICT);
        }
        other => return Err(other),
    }
    Ok(StatusCode::BAD_REQUEST)
}

/// A number made of a name: small letters, digits and hyphens.
fn made_id(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            _ if id.len() >= MAX_MADE_ID => break,
            'ä' => id.push_str("ae"),
            'ö' => id.push_str("oe"),
            'ü' => id.push_str("ue"),
            'ß' => id.push_str("ss"),
            _ if c.is_ascii_alphanumeric() => id.push(c),
            _ if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    let id = id.trim_end_matches('-');
    if id.is_empty() { "product".to_owned() } else { id.to_owned() }
}

/// A number for a product called `name` that no product of the shop has.
async fn free_id(till: &Till, web_session: &WebSession, name: &str) -> Result<ProductId, Error> {
    let made = made_id(name);
    for number in 1..=MOST_TRIES {
        let text = if number == 1 { made.clone() } else { format!("{made}-{number}") };
        let Ok(id) = ProductId::parse(text) else { break };
        match till.product(web_session.principal(), id.clone()).await {
            Err(Error::Inventory(InventoryError::ProductUnknown(_))) => return Ok(id),
            Ok(_) => {}
            Err(other) => return Err(other),
        }
    }
    let id = ProductId::parse(made).map_err(|_| crate::model::invalid_field::InvalidField("id"))?;
    Err(InventoryError::ProductExists(id).into())
}

/// `GET /webui/new-product`.
pub(in crate::http) async fn blank(till: Data<Till>, web_session: WebSession) -> Answer {
    show_form(&web_session, &till, StatusCode::OK, None, Tried::default()).await
}

/// `POST /webui/new-product`.
pub(in crate::http) async fn add(till: Data<Till>, web_session: WebSession, form: Form) -> Answer {
    let (messages, principal) = (web_session.messages(), web_session.principal());
    let mut typed = FormState::of(form);
    let mut status = StatusCode::BAD_REQUEST;
    let id = typed.form().some("id").map(|text| ProductId::parse(text.to_owned())).transpose();
    if id.is_err() {
        typed.add_error("id", messages.product_bad_id);
    }
    if let (Some(new), Ok(id)) = (read(&mut typed, &till, None, messages), id) {
        let name = new.name.clone().unwrap_or_default();
        let id = match id {
            Some(id) => Ok(id),
            None => free_id(&till, &web_session, &name).await,
        };
        let added = match id {
            Ok(id) => till.add_product(principal, id.clone(), new).await.map(|()| id),
            Err(error) => Err(error),
        };
        match added {
            Ok(id) => {
                let serial = till.product(principal, id).await?.serial.0;
                return Ok(web_session.go(&format!("products/{serial}"), Some("kept")));
            }
            Err(error) => status = refused(&mut typed, error, messages)?,
        }
    }
    let tried = Tried { product: Some(typed), ..Tried::default() };
    show_form(&web_session, &till, status, None, tried).await
}

/// `GET /webui/products/$SERIAL`, with the changes of its stock before the one numbered `before`.
pub(in crate::http) async fn show(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    params: QueryParams,
) -> Answer {
    let serial = row_number(&serial);
    let tried = Tried { before: params.get("before")?, ..Tried::default() };
    let serial = Some(ProductSerial(serial));
    show_form(&web_session, &till, StatusCode::OK, serial, tried).await
}

/// The number of a row, as addresses have it. What is no number is that of no row, so that it is not found like one
/// that is gone.
pub(super) fn row_number(segment: &str) -> i64 {
    segment.parse().unwrap_or_default()
}

/// The product numbered `serial`.
async fn numbered(till: &Till, web_session: &WebSession, serial: i64) -> Result<Product, Error> {
    let (principal, serial) = (web_session.principal(), ProductSerial(serial));
    Ok(till.product_with_movements(principal, serial, None, 0).await?.0)
}

/// `POST /webui/products/$SERIAL`: all that the form shows anew.
pub(in crate::http) async fn change(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    form: Form,
) -> Answer {
    let serial = row_number(&serial);
    let messages = web_session.messages();
    let old = numbered(&till, &web_session, serial).await?;
    let mut typed = FormState::of(form);
    let mut status = StatusCode::BAD_REQUEST;
    if let Some(change) = read(&mut typed, &till, Some(&old), messages) {
        match till.change_product(web_session.principal(), old.id.clone(), change).await {
            Ok(()) => return Ok(web_session.go(&format!("products/{serial}"), Some("kept"))),
            Err(error) => status = refused(&mut typed, error, messages)?,
        }
    }
    let tried = Tried { product: Some(typed), ..Tried::default() };
    show_form(&web_session, &till, status, Some(old.serial), tried).await
}

/// `POST /webui/products/$SERIAL/stock`: more or less is there, for a reason.
pub(in crate::http) async fn move_stock(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    form: Form,
) -> Answer {
    let serial = row_number(&serial);
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let reason = StockReason::of(typed.form().text("reason"));
    let reason = reason.filter(|reason| REASONS.contains(reason));
    if reason.is_none() {
        typed.add_error("reason", messages.choose_one);
    }
    let moved = quantity(&mut typed, "quantity", messages);
    let is_needed = reason != Some(StockReason::Uncounted);
    if moved.is_none() && is_needed && typed.error_for("quantity").is_none() {
        typed.add_error("quantity", messages.no_quantity);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(reason), true) = (reason, typed.is_good()) {
        let note = typed.form().text("note").to_owned();
        let wish = MoveStock { reason, quantity: moved.unwrap_or_default(), note };
        match till.move_stock(web_session.principal(), ProductSerial(serial), wish).await {
            Ok(()) => return Ok(web_session.go(&format!("products/{serial}"), Some("stocked"))),
            Err(Error::InvalidField(field)) => match field.0 {
                "note" => typed.add_error("note", messages.too_long),
                "reason" => typed.add_error("reason", messages.stock_not_counted),
                _ => typed.add_error("quantity", messages.quantity_unfit),
            },
            Err(Error::Inventory(InventoryError::LostBeyondStock)) => {
                status = StatusCode::CONFLICT;
                typed.add_error("quantity", messages.stock_too_little);
            }
            Err(other) => return Err(other.into()),
        }
    }
    let tried = Tried { moved: Some(typed), ..Tried::default() };
    show_form(&web_session, &till, status, Some(ProductSerial(serial)), tried).await
}

/// `POST /webui/products/$SERIAL/delete`. Orders that have it stay as they are.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    form: Form,
) -> Answer {
    let serial = row_number(&serial);
    let product = numbered(&till, &web_session, serial).await?;
    let held = if form.has("force") { HeldProduct::Delete } else { HeldProduct::Keep };
    match till.delete_product(web_session.principal(), product.id, held).await {
        Ok(()) => Ok(web_session.go("products", Some("gone"))),
        Err(Error::Inventory(InventoryError::ProductHeld(_))) => {
            let mut typed = FormState::of(form);
            typed.add_error("", web_session.messages().product_held);
            let tried = Tried { delete: Some(typed), ..Tried::default() };
            show_form(&web_session, &till, StatusCode::CONFLICT, Some(product.serial), tried).await
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_made_of_a_name() {
        for (name, id) in [
            ("Bergkäse, mild", "bergkaese-mild"),
            ("  Ärmel 3/4 ", "aermel-3-4"),
            ("茶", "product"),
            ("COFFEE", "coffee"),
        ] {
            assert_eq!(made_id(name), id);
        }
        assert!(made_id(&"long name ".repeat(20)).len() <= MAX_MADE_ID);
    }

    #[test]
    fn a_quantity_is_read_with_either_mark() {
        let of = |text| read_quantity(text).map(|quantity| quantity.to_string());
        assert_eq!(of("1,5"), Some("1.5".into()));
        assert_eq!(of(" 1 000.25 "), Some("1000.25".into()));
        for bad in ["", "-1", "1.000,5", "x"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
