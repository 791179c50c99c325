//! The use case of a table of products that a shop brings along: first what would change, then all of it at once.
//!
//! Both look at the inventory in the same way, and what is done is only what was shown: if the inventory has
//! changed meanwhile so that something else would come out, nothing is done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::category::MAX_CATEGORIES;
use super::inventory_error::InventoryError;
use super::inventory_events::{Before, tell_added, tell_category_added};
use super::lookup::still_there;
use super::product::{MAX_PRODUCTS, product, unit_defaults};
use super::stock::{Actor, keep_movement, moved};
use super::unit::every_unit;
use super::{Error, Principal, Till};
use crate::model::category::NewCategory;
use crate::model::instance::InstanceSerial;
use crate::model::product::{Prices, Product, ProductChange, ProductDetails, Translations};
use crate::model::product_import::{ImportColumn, ImportFault, ImportProblem, ImportedProduct};
use crate::model::product_tax;
use crate::model::stock::{MoveStock, MovedStock, StockReason};
use crate::model::webhook::EventType;
use crate::store::products::Pictures;
use crate::store::{Read, Tx, categories, products};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// Most lines of a table, without its heading.
pub const MAX_IMPORT_LINES: usize = 10_000;
/// Most problems of a table that are said at once.
const MAX_PROBLEMS: usize = 100;

/// A table that was read: each product, and what the file says of it.
pub type ImportTable = Vec<(ProductId, ImportedProduct)>;

/// What becomes of a product by a table.
#[derive(Clone, Debug)]
pub struct PlannedProduct {
    /// Its line in the file.
    pub line: u64,
    /// Its number.
    pub id: ProductId,
    /// How it is now; `None`: it is new.
    pub before: Option<Product>,
    /// How it is then.
    pub details: ProductDetails,
    /// From which quantity on it is low then.
    pub low_stock: Option<DecimalQuantity>,
    /// What its stock becomes, if that changes.
    moved: Option<(MovedStock, MoveStock)>,
}

impl PlannedProduct {
    /// How much is there then; `None`: it is not counted.
    pub fn present(&self) -> Option<DecimalQuantity> {
        let sold = self.before.as_ref().map(|before| before.sold).unwrap_or_default();
        let gone = sold.saturating_add(self.details.total_lost);
        Some(self.details.total_stock?.saturating_sub(gone))
    }
}

/// What a table would change.
#[derive(Clone, Debug)]
pub struct ImportPlan {
    /// New and changed products, in the order of the file.
    pub products: Vec<PlannedProduct>,
    /// How many products stay as they are.
    pub unchanged: usize,
    /// Names of categories that the shop does not have yet.
    pub new_categories: Vec<String>,
    /// The names of all categories, also of those to come.
    pub category_names: BTreeMap<i64, String>,
    /// Changes with anything of the above.
    pub fingerprint: [u8; 32],
}

/// What came of looking at a table.
#[derive(Clone, Debug)]
pub enum Import {
    /// It fits.
    Plan(ImportPlan),
    /// It does not: the first problems, in the order of the file.
    Problems(Vec<ImportProblem>),
}

/// What came of a table that was to be taken over.
#[derive(Clone, Debug)]
pub enum Imported {
    /// All of it is there.
    Done,
    /// Nothing was done: something else would come out now than was shown.
    Changed,
}

impl Till {
    /// What `table` would change in the principal's shop.
    ///
    /// # Errors
    /// [`InventoryError::Full`] for more products or categories than a shop can have.
    pub async fn plan_import(
        &self,
        principal: &Principal,
        table: ImportTable,
    ) -> Result<Import, Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store.read(move |db| plan(db, instance, &table, now)).await
    }

    /// Changes all that `table` says, in one transaction, if that is what `fingerprint` stands for.
    ///
    /// # Errors
    /// As [`Till::plan_import`].
    pub async fn import(
        &self,
        principal: &Principal,
        table: ImportTable,
        fingerprint: [u8; 32],
    ) -> Result<Imported, Error> {
        let (actor, shop) = (self.actor(principal), principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, actor.instance, &shop)?;
                let Import::Plan(shown) = plan(tx, actor.instance, &table, actor.now)? else {
                    return Ok(Imported::Changed);
                };
                if shown.fingerprint != fingerprint {
                    return Ok(Imported::Changed);
                }
                for name in shown.new_categories {
                    let new = NewCategory { name, name_i18n: Translations::new() };
                    let serial = categories::insert(tx, actor.instance, &new)?;
                    let serial = serial.ok_or(InventoryError::CategoryExists)?;
                    tell_category_added(tx, actor.instance, serial, &new, actor.now)?;
                }
                // The same, with the numbers that the new categories have got.
                let Import::Plan(plan) = plan(tx, actor.instance, &table, actor.now)? else {
                    return Ok(Imported::Changed);
                };
                for product in &plan.products {
                    carry_out(tx, &actor, product)?;
                }
                Ok(Imported::Done)
            })
            .await
    }
}

/// Writes what becomes of one product.
fn carry_out(tx: &mut Tx<'_>, actor: &Actor, planned: &PlannedProduct) -> Result<(), Error> {
    let Actor { instance, now, .. } = *actor;
    let PlannedProduct { id, details, low_stock, .. } = planned;
    let Some(old) = &planned.before else {
        products::insert(tx, instance, id, details, None)?;
        let made = product(tx, instance, id, now, Pictures::Without)?;
        products::set_categories(tx, made.serial, &details.categories)?;
        products::set_low_stock(tx, made.serial, *low_stock)?;
        return tell_added(tx, instance, id, now);
    };
    let before = Before::of(tx, instance, id, EventType::InventoryUpdated, now)?;
    products::update(tx, instance, id, details, old.image_serial)?;
    if details.categories != old.details.categories {
        products::set_categories(tx, old.serial, &details.categories)?;
    }
    products::set_low_stock(tx, old.serial, *low_stock)?;
    if let Some((moved, wish)) = &planned.moved {
        keep_movement(tx, actor, old, moved, wish)?;
    }
    before.tell_updated(tx, instance, now)
}

fn plan(
    db: &Read<'_>,
    instance: InstanceSerial,
    table: &[(ProductId, ImportedProduct)],
    now: Timestamp,
) -> Result<Import, Error> {
    let known = categories::list(db, instance)?;
    let mut serials: HashMap<String, i64> =
        known.iter().map(|one| (one.details.name.clone(), one.serial)).collect();
    let mut category_names: BTreeMap<i64, String> =
        known.into_iter().map(|one| (one.serial, one.details.name)).collect();
    let mut new_categories = Vec::new();
    for name in table.iter().flat_map(|(_, row)| row.categories.iter().flatten()) {
        if !serials.contains_key(name) {
            // Below all numbers that there are.
            let serial = i64::try_from(new_categories.len()).unwrap_or(i64::MAX);
            let serial = serial.saturating_neg().saturating_sub(1);
            serials.insert(name.clone(), serial);
            category_names.insert(serial, name.clone());
            new_categories.push(name.clone());
        }
    }
    if i64::try_from(serials.len()).unwrap_or(i64::MAX) > MAX_CATEGORIES {
        return Err(InventoryError::Full("categories").into());
    }
    let units: Vec<_> = every_unit(db, instance)?;
    let units: HashMap<String, String> = units
        .iter()
        .flat_map(|unit| [(&unit.name_long, unit), (&unit.name_short, unit), (&unit.unit, unit)])
        .map(|(name, unit)| (name.to_lowercase(), unit.unit.clone()))
        .collect();
    let (mut planned, mut problems) = (Vec::new(), Vec::new());
    let (mut lines, mut unchanged) = (HashMap::new(), 0_usize);
    for (id, row) in table {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        if let Some(first) = lines.insert(id, row.line) {
            let (line, column) = (row.line, ImportColumn::Id);
            problems.push(ImportProblem { line, column, fault: ImportFault::Again(first) });
            continue;
        }
        let before = products::find(db, instance, id, now, Pictures::Without)?;
        match one(db, instance, id, row, before, &serials, &units)? {
            Err((column, fault)) => problems.push(ImportProblem { line: row.line, column, fault }),
            Ok(Some(product)) => planned.push(product),
            Ok(None) => unchanged = unchanged.saturating_add(1),
        }
    }
    if !problems.is_empty() {
        return Ok(Import::Problems(problems));
    }
    let added = planned.iter().filter(|product| product.before.is_none()).count();
    let added = i64::try_from(added).unwrap_or(i64::MAX);
    if products::count(db, instance)?.saturating_add(added) > MAX_PRODUCTS {
        return Err(InventoryError::Full("products").into());
    }
    let mut fingerprint = Sha256::new();
    fingerprint.update(format!("{new_categories:?}"));
    for product in &planned {
        fingerprint.update(format!("{:?}", (&product.id, &product.details, product.low_stock)));
    }
    let fingerprint = fingerprint.finalize().into();
    let products = planned;
    Ok(Import::Plan(ImportPlan {
        products,
        unchanged,
        new_categories,
        category_names,
        fingerprint,
    }))
}

/// What becomes of one product; `None` if it stays as it is.
fn one(
    db: &Read<'_>,
    instance: InstanceSerial,
    id: &ProductId,
    row: &ImportedProduct,
    before: Option<Product>,
    categories: &HashMap<String, i64>,
    units: &HashMap<String, String>,
) -> Result<Result<Option<PlannedProduct>, (ImportColumn, ImportFault)>, Error> {
    let old = before.as_ref().map(|before| &before.details);
    if before.is_none() {
        if row.name.is_none() {
            return Ok(Err((ImportColumn::Name, ImportFault::Needed)));
        }
        if row.price.is_none() {
            return Ok(Err((ImportColumn::Price, ImportFault::Needed)));
        }
    }
    let unit =
        row.unit.as_ref().map(|name| units.get(&name.to_lowercase()).unwrap_or(name).clone());
    let unit = match (unit, old) {
        (None, None) => Some("Piece".to_owned()),
        (unit, _) => unit,
    };
    let serials = |names: &Vec<String>| -> Vec<i64> {
        let all: BTreeSet<i64> =
            names.iter().filter_map(|name| categories.get(name)).copied().collect();
        all.into_iter().collect()
    };
    let change = ProductChange {
        name: row.name.clone(),
        description: row.description.clone().or_else(|| old.is_none().then(String::new)),
        categories: row.categories.as_ref().map(serials),
        unit,
        total_stock: if old.is_none() { row.stock } else { None },
        prices: row.price.map(Prices::First),
        minimum_age: row.minimum_age,
        ..ProductChange::default()
    };
    let said = change.unit.as_deref().or(old.map(|old| old.unit.as_str())).unwrap_or_default();
    let mut details = change.of(old, unit_defaults(db, instance, said)?);
    let price = details.prices.first().copied();
    match (&row.tax, price) {
        (Some(None), _) => details.taxes = Vec::new(),
        (Some(Some(rate)), Some(price)) => match rate.on_piece(&price, details.price_is_net) {
            Ok(tax) => details.taxes = vec![tax],
            Err(_) => return Ok(Err((ImportColumn::Tax, ImportFault::TooLarge))),
        },
        (None, Some(price)) if old.is_some_and(|old| old.prices.first() != Some(&price)) => {
            match product_tax::anew(&details.taxes, &price, details.price_is_net) {
                Ok(taxes) => details.taxes = taxes,
                Err(_) => return Ok(Err((ImportColumn::Price, ImportFault::TooLarge))),
            }
        }
        (Some(Some(_)) | None, _) => {}
    }
    let mut moves = None;
    if let (Some(stock), Some(before)) = (row.stock, &before)
        && (stock != before.present() || before.is_oversold())
    {
        let reason = match stock {
            Some(_) => StockReason::Count,
            None => StockReason::Uncounted,
        };
        let wish = MoveStock { reason, quantity: stock.unwrap_or_default(), note: String::new() };
        match moved(before, &wish) {
            Ok(moved) => {
                (details.total_stock, details.total_lost) = (moved.total_stock, moved.total_lost);
                moves = Some((moved, wish));
            }
            Err(_) => return Ok(Err((ImportColumn::Stock, ImportFault::TooLarge))),
        }
    }
    let low_stock = match (row.low_stock, &before) {
        (Some(low_stock), _) => low_stock,
        (None, Some(before)) => before.low_stock,
        (None, None) => None,
    };
    let fits = |quantity: DecimalQuantity| quantity.digits() <= details.precision;
    if !low_stock.is_none_or(fits) {
        return Ok(Err((ImportColumn::LowStock, ImportFault::TooManyDigits)));
    }
    if let Err(field) = details.check() {
        return Ok(Err(match field.0 {
            "product_name" => (ImportColumn::Name, ImportFault::BadText),
            "description" => (ImportColumn::Description, ImportFault::BadText),
            "categories" => (ImportColumn::Categories, ImportFault::TooManyCategories),
            "unit" => (ImportColumn::Unit, ImportFault::BadText),
            "unit_price" => (ImportColumn::Currency, ImportFault::UnknownCurrency),
            "taxes" => (ImportColumn::Tax, ImportFault::NoTax),
            "minimum_age" => (ImportColumn::MinimumAge, ImportFault::NoAge),
            _ => (ImportColumn::Stock, ImportFault::TooManyDigits),
        }));
    }
    let is_same = before
        .as_ref()
        .is_some_and(|before| before.details == details && before.low_stock == low_stock);
    if is_same {
        return Ok(Ok(None));
    }
    let (line, id) = (row.line, id.clone());
    Ok(Ok(Some(PlannedProduct { line, id, before, details, low_stock, moved: moves })))
}
