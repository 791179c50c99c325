//! What the columns of a table of products mean, in both directions: read from a file, written into one.

use std::collections::BTreeMap;

use super::export::{is_formula, is_like_a_number};
use super::ledgers::number;
use super::products::read_quantity;
use super::table_file::{BadTable, TableLine, read};
use crate::model::product::Product;
use crate::model::product_import::{ImportColumn, ImportFault, ImportProblem, ImportedProduct};
use crate::model::product_tax::rate_of;
use crate::model::tax::{TaxPercent, TaxRate};
use crate::till::ImportTable;
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use ui::money::{BadNumber, read_strictly};

/// Most problems that are said at once.
const MAX_PROBLEMS: usize = 100;
/// Stands between the names of categories.
const BETWEEN: char = '|';
/// A cell with nothing else empties the value.
const EMPTIES: &str = "-";
/// Says that a stock is not counted.
pub(super) const UNLIMITED: &str = "unlimited";
/// Other words for that.
const ENDLESS: &[&str] = &[UNLIMITED, EMPTIES, "-1", "∞", "unbegrenzt"];

/// Other names of columns, in small letters.
const ALIASES: &[(&str, ImportColumn)] = &[
    ("id", ImportColumn::Id),
    ("sku", ImportColumn::Id),
    ("ean", ImportColumn::Id),
    ("barcode", ImportColumn::Id),
    ("nummer", ImportColumn::Id),
    ("artikelnummer", ImportColumn::Id),
    ("product_name", ImportColumn::Name),
    ("beschreibung", ImportColumn::Description),
    ("category", ImportColumn::Categories),
    ("warengruppe", ImportColumn::Categories),
    ("warengruppen", ImportColumn::Categories),
    ("einheit", ImportColumn::Unit),
    ("preis", ImportColumn::Price),
    ("währung", ImportColumn::Currency),
    ("steuer", ImportColumn::Tax),
    ("mwst", ImportColumn::Tax),
    ("vat", ImportColumn::Tax),
    ("mindestalter", ImportColumn::MinimumAge),
    ("bestand", ImportColumn::Stock),
    ("knapp_ab", ImportColumn::LowStock),
    ("knapp ab", ImportColumn::LowStock),
];

/// Why a file is no table of products.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum BadProductTable {
    /// It is no table.
    Table(BadTable),
    /// This column must be there.
    NoColumn(&'static str),
    /// There is no such column.
    UnknownColumn(String),
    /// This column is there more than once.
    ColumnTwice(&'static str),
    /// Cells are wrong: the first of them.
    Problems(Vec<ImportProblem>),
}

/// What a table is read for.
pub(super) struct TableContext<'a> {
    /// The currency of prices that name none.
    pub(super) currency: CurrencySpecification,
    /// The currencies that the shop takes.
    pub(super) currencies: &'a [CurrencySpecification],
    /// What a tax without a name is called.
    pub(super) tax_name: &'a str,
}

fn column(heading: &str) -> Option<ImportColumn> {
    let heading = heading.trim().to_lowercase();
    let own = ImportColumn::ALL.into_iter().find(|column| column.name() == heading);
    let other = || ALIASES.iter().find(|(name, _)| *name == heading).map(|(_, column)| *column);
    own.or_else(other)
}

/// Which column is where.
fn columns(heading: &TableLine) -> Result<Vec<Option<ImportColumn>>, BadProductTable> {
    let mut columns = Vec::new();
    for cell in &heading.cells {
        let found = column(cell);
        match found {
            None if !cell.is_empty() => return Err(BadProductTable::UnknownColumn(cell.clone())),
            Some(column) if columns.contains(&found) => {
                return Err(BadProductTable::ColumnTwice(column.name()));
            }
            _ => columns.push(found),
        }
    }
    match columns.contains(&Some(ImportColumn::Id)) {
        true => Ok(columns),
        false => Err(BadProductTable::NoColumn(ImportColumn::Id.name())),
    }
}

/// The products of the table in `bytes`.
pub(super) fn products(
    bytes: &[u8],
    context: &TableContext<'_>,
) -> Result<ImportTable, BadProductTable> {
    let lines = read(bytes).map_err(BadProductTable::Table)?;
    let Some((heading, lines)) = lines.split_first() else {
        return Err(BadProductTable::Table(BadTable::Empty));
    };
    let columns = columns(heading)?;
    if lines.is_empty() {
        return Err(BadProductTable::Table(BadTable::Empty));
    }
    let (mut table, mut problems) = (ImportTable::new(), Vec::new());
    for line in lines {
        let cells: BTreeMap<ImportColumn, &str> = columns
            .iter()
            .zip(&line.cells)
            .filter_map(|(column, cell)| Some(((*column)?, cell.as_str())))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        match product(line.number, &cells, context) {
            Ok(product) => table.push(product),
            Err((column, fault)) => {
                problems.push(ImportProblem { line: line.number, column, fault });
            }
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(table) } else { Err(BadProductTable::Problems(problems)) }
}

/// A text without the apostrophes by which exports keep spreadsheets from reckoning with it.
fn unmarked(text: &str) -> String {
    let is_marked = |rest: &str, at_start: bool| {
        rest.strip_prefix('\'')
            .is_some_and(|rest| is_formula(rest) || (at_start && is_like_a_number(rest)))
    };
    let (mut plain, mut may_begin) = (String::new(), true);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if !(may_begin && is_marked(rest, at == 0)) {
            plain.push(c);
        }
        may_begin = matches!(c, ';' | ',' | '\t' | '\r' | '\n');
    }
    plain
}

/// What a cell says that may be emptied; `None`: it is not there.
fn text(cells: &BTreeMap<ImportColumn, &str>, column: ImportColumn) -> Option<String> {
    match *cells.get(&column)? {
        EMPTIES => Some(String::new()),
        cell => Some(unmarked(cell)),
    }
}

fn product(
    line: u64,
    cells: &BTreeMap<ImportColumn, &str>,
    context: &TableContext<'_>,
) -> Result<(ProductId, ImportedProduct), (ImportColumn, ImportFault)> {
    use ImportColumn::{Categories, Description, Id, LowStock, MinimumAge, Name, Stock, Unit};
    let id = cells.get(&Id).ok_or((Id, ImportFault::BadId))?;
    let id = ProductId::parse(unmarked(id)).map_err(|_| (Id, ImportFault::BadId))?;
    let categories = text(cells, Categories).map(|names| {
        let names = names.split(BETWEEN).map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    });
    let minimum_age = match text(cells, MinimumAge).as_deref() {
        None => None,
        Some("") => Some(0),
        Some(age) => Some(age.parse().map_err(|_| (MinimumAge, ImportFault::NoAge))?),
    };
    let quantity = |column, cell: &str| -> Result<DecimalQuantity, (ImportColumn, ImportFault)> {
        read_quantity(cell).ok_or((column, ImportFault::NoQuantity))
    };
    let stock = match cells.get(&Stock) {
        None => None,
        Some(cell) if ENDLESS.contains(&cell.to_lowercase().as_str()) => Some(None),
        Some(cell) => Some(Some(quantity(Stock, cell)?)),
    };
    let low_stock = match cells.get(&LowStock) {
        None => None,
        Some(&EMPTIES) => Some(None),
        Some(cell) => Some(Some(quantity(LowStock, cell)?)),
    };
    let product = ImportedProduct {
        line,
        name: text(cells, Name).filter(|name| !name.is_empty()),
        description: text(cells, Description),
        categories,
        unit: text(cells, Unit).filter(|unit| !unit.is_empty()),
        price: price(cells, context)?,
        tax: tax(cells, context)?,
        minimum_age,
        stock,
        low_stock,
    };
    Ok((id, product))
}

fn price(
    cells: &BTreeMap<ImportColumn, &str>,
    context: &TableContext<'_>,
) -> Result<Option<Amount>, (ImportColumn, ImportFault)> {
    use ImportColumn::{Currency as Code, Price};
    let specification = match cells.get(&Code) {
        None => &context.currency,
        Some(code) => {
            let currency = Currency::parse(&code.to_uppercase()).ok();
            let mut known = context.currencies.iter();
            let found = known.find(|one| Some(*one.currency()) == currency);
            found.ok_or((Code, ImportFault::UnknownCurrency))?
        }
    };
    match cells.get(&Price) {
        None => Ok(None),
        Some(&EMPTIES) => Ok(Some(Amount::zero(*specification.currency()))),
        Some(cell) => match read_strictly(cell, specification) {
            Ok(amount) => Ok(Some(amount)),
            Err(BadNumber::NoNumber) => Err((Price, ImportFault::NoAmount)),
            Err(BadNumber::TooFine) => Err((Price, ImportFault::TooFine)),
        },
    }
}

fn tax(
    cells: &BTreeMap<ImportColumn, &str>,
    context: &TableContext<'_>,
) -> Result<Option<Option<TaxRate>>, (ImportColumn, ImportFault)> {
    let Some(text) = text(cells, ImportColumn::Tax) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(None));
    }
    let number = text.trim_end_matches('%').trim_end();
    let (name, percent) = number.rsplit_once(char::is_whitespace).unwrap_or(("", number));
    let percent = TaxPercent::parse(percent.replace(',', "."));
    let percent = percent.map_err(|_| (ImportColumn::Tax, ImportFault::NoTax))?;
    let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or(context.tax_name);
    Ok(Some(Some(TaxRate { name: name.to_owned(), percent })))
}

/// What stands in a cell of an exported file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ProductCell {
    /// Nothing.
    Empty,
    /// A text that people wrote.
    Text(String),
    /// A number, with a dot.
    Number(String),
    /// A word of ours.
    Word(&'static str),
}

/// A line of an exported file; `categories` are all of the shop, by their numbers.
pub(super) fn cells(
    product: &Product,
    categories: &BTreeMap<i64, String>,
) -> [ProductCell; ImportColumn::ALL.len()] {
    let details = &product.details;
    // What would empty the value is marked as a text.
    let text = |text: &str| match text {
        "" => ProductCell::Empty,
        EMPTIES => ProductCell::Text(format!("'{EMPTIES}")),
        text => ProductCell::Text(text.to_owned()),
    };
    let names: Vec<&str> = details
        .categories
        .iter()
        .filter_map(|one| categories.get(one))
        .map(String::as_str)
        .collect();
    let quantity = |quantity: DecimalQuantity| ProductCell::Number(quantity.to_string());
    let price = details.prices.first();
    let tax = match details.taxes.as_slice() {
        [tax] => rate_of(tax).map(|rate| rate.label()),
        _ => None,
    };
    ImportColumn::ALL.map(|column| match column {
        ImportColumn::Id => text(product.id.as_str()),
        ImportColumn::Name => text(&details.name),
        ImportColumn::Description => text(&details.description),
        ImportColumn::Categories => text(&names.join(" | ")),
        ImportColumn::Unit => text(&details.unit),
        ImportColumn::Price => {
            price.map_or(ProductCell::Empty, |price| ProductCell::Number(number(price)))
        }
        ImportColumn::Currency => {
            price.map_or(ProductCell::Empty, |price| text(&price.currency().to_string()))
        }
        ImportColumn::Tax => text(tax.as_deref().unwrap_or_default()),
        ImportColumn::MinimumAge => match details.minimum_age {
            0 => ProductCell::Empty,
            age => ProductCell::Number(age.to_string()),
        },
        ImportColumn::Stock => product.present().map_or(ProductCell::Word(UNLIMITED), quantity),
        ImportColumn::LowStock => product.low_stock.map_or(ProductCell::Empty, quantity),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::export::text_cell;
    use super::*;

    fn context(currencies: &[CurrencySpecification]) -> TableContext<'_> {
        TableContext { currency: currencies[0].clone(), currencies, tax_name: "VAT" }
    }

    fn euros() -> Vec<CurrencySpecification> {
        ["EUR", "CHF"]
            .map(|code| CurrencySpecification::shipped(Currency::parse(code).unwrap()))
            .to_vec()
    }

    fn problem(text: &str) -> (u64, &'static str, ImportFault) {
        let Err(BadProductTable::Problems(problems)) =
            products(text.as_bytes(), &context(&euros()))
        else {
            panic!("{text}");
        };
        (problems[0].line, problems[0].column.name(), problems[0].fault.clone())
    }

    #[test]
    fn a_line_says_what_it_says_and_nothing_else() {
        let text = "Nummer;Name;Preis;Währung;MwSt;Bestand;low_stock;categories;minimum_age\n\
                    0012;Tee;2,50;chf;8,1;1,5;-;Heiß | Kalt;16\n\
                    x;;;;;unlimited\n\
                    y;-;-;;-;-";
        let table = products(text.as_bytes(), &context(&euros())).unwrap();
        let (id, tea) = &table[0];
        assert_eq!(id.as_str(), "0012");
        assert_eq!(tea.price, Some("CHF:2.5".parse().unwrap()));
        assert_eq!(tea.tax.clone().unwrap().unwrap().label(), "VAT 8.1 %");
        assert_eq!(tea.stock, Some(Some(DecimalQuantity::parse("1.5").unwrap())));
        assert_eq!((tea.low_stock, tea.minimum_age), (Some(None), Some(16)));
        assert_eq!(tea.categories, Some(vec!["Heiß".to_owned(), "Kalt".to_owned()]));
        assert_eq!(
            table[1].1,
            ImportedProduct { line: 3, stock: Some(None), ..ImportedProduct::default() }
        );
        assert_eq!(
            table[2].1,
            ImportedProduct {
                line: 4,
                price: Some("EUR:0".parse().unwrap()),
                tax: Some(None),
                stock: Some(None),
                ..ImportedProduct::default()
            }
        );
    }

    #[test]
    fn a_fault_is_said_with_its_place() {
        let of = |cells: &str| {
            problem(&format!("product_id;price;currency;tax;stock;minimum_age\n\n{cells}\n"))
        };
        assert_eq!(of(";1"), (3, "product_id", ImportFault::BadId));
        assert_eq!(of("a;1.234,50"), (3, "price", ImportFault::NoAmount));
        assert_eq!(of("a;1,005"), (3, "price", ImportFault::TooFine));
        assert_eq!(of("a;1;USD"), (3, "currency", ImportFault::UnknownCurrency));
        assert_eq!(of("a;1;;much"), (3, "tax", ImportFault::NoTax));
        assert_eq!(of("a;1;;19 %;-3"), (3, "stock", ImportFault::NoQuantity));
        assert_eq!(of("a;1;;;;old"), (3, "minimum_age", ImportFault::NoAge));
        let heading = |text: &str| products(text.as_bytes(), &context(&euros()));
        assert_eq!(heading("name;price\na;1"), Err(BadProductTable::NoColumn("product_id")));
        assert_eq!(heading("id;pirce\na;1"), Err(BadProductTable::UnknownColumn("pirce".into())));
        assert_eq!(heading("id;name;name\na;1;2"), Err(BadProductTable::ColumnTwice("name")));
        assert_eq!(heading("id;name\n"), Err(BadProductTable::Table(BadTable::Empty)));
        let many = format!("id;price\n{}", "a;x\n".repeat(500));
        assert!(
            matches!(heading(&many), Err(BadProductTable::Problems(all)) if all.len() == MAX_PROBLEMS)
        );
    }

    proptest! {
        #[test]
        fn what_exports_mark_is_read_without_the_marks(text in "[a-z=+@;,\\-0-9 ]{0,12}", separator in prop_oneof![Just(';'), Just(',')]) {
            prop_assert_eq!(unmarked(&text_cell(&text, separator)), text);
        }

        #[test]
        fn no_table_panics(lines in prop::collection::vec("[a-z0-9;,|%\\-]{0,20}", 0..6)) {
            let text = format!("product_id;name;price;tax;stock;low_stock;categories\n{}", lines.join("\n"));
            let _ = products(text.as_bytes(), &context(&euros()));
        }
    }
}
