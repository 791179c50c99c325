//! A table of products that a shop brings along, line by line, and what is wrong with it.

use super::tax::TaxRate;
use taler::amount::Amount;
use taler::quantity::DecimalQuantity;

/// What a line of the table says of a product. `None`: nothing, so that it stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportedProduct {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What it is called.
    pub name: Option<String>,
    /// In words.
    pub description: Option<String>,
    /// The names of its categories: all of them.
    pub categories: Option<Vec<String>>,
    /// What it is counted in: the name of a unit, its sign, or any other word.
    pub unit: Option<String>,
    /// The usual price of one.
    pub price: Option<Amount>,
    /// The tax in it; `Some(None)`: none.
    pub tax: Option<Option<TaxRate>>,
    /// How old the customer must be, in years.
    pub minimum_age: Option<u8>,
    /// How much is there; `Some(None)`: it is not counted.
    pub stock: Option<Option<DecimalQuantity>>,
    /// From which quantity on it is low; `Some(None)`: when nothing is left.
    pub low_stock: Option<Option<DecimalQuantity>>,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ImportColumn {
    /// The product's number.
    Id,
    /// What it is called.
    Name,
    /// In words.
    Description,
    /// The names of its categories.
    Categories,
    /// What it is counted in.
    Unit,
    /// The price of one.
    Price,
    /// The currency of the price.
    Currency,
    /// The tax in the price.
    Tax,
    /// How old the customer must be.
    MinimumAge,
    /// How much is there.
    Stock,
    /// From which quantity on it is low.
    LowStock,
}

impl ImportColumn {
    /// All of them, in the order of exported files.
    pub const ALL: [Self; 11] = [
        Self::Id,
        Self::Name,
        Self::Description,
        Self::Categories,
        Self::Unit,
        Self::Price,
        Self::Currency,
        Self::Tax,
        Self::MinimumAge,
        Self::Stock,
        Self::LowStock,
    ];

    /// What the column is called in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "product_id",
            Self::Name => "name",
            Self::Description => "description",
            Self::Categories => "categories",
            Self::Unit => "unit",
            Self::Price => "price",
            Self::Currency => "currency",
            Self::Tax => "tax",
            Self::MinimumAge => "minimum_age",
            Self::Stock => "stock",
            Self::LowStock => "low_stock",
        }
    }
}

/// What is wrong in a line of the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ImportFault {
    /// The cell must not be empty.
    Needed,
    /// The number of a product has a sign that it cannot have, or is too long.
    BadId,
    /// The product stands in this line already.
    Again(u64),
    /// The text is too long or has a sign that cannot be printed.
    BadText,
    /// This is no amount.
    NoAmount,
    /// The amount has more digits behind the dot than its currency.
    TooFine,
    /// The shop does not take this currency.
    UnknownCurrency,
    /// This is no tax.
    NoTax,
    /// This is no quantity.
    NoQuantity,
    /// The product has fewer digits behind the dot, or none.
    TooManyDigits,
    /// This is no age.
    NoAge,
    /// The product would be in more categories than a product can be in.
    TooManyCategories,
    /// The quantity is larger than any stock can be.
    TooLarge,
}

/// What is wrong with a table, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportProblem {
    /// In which line of the file, from 1.
    pub line: u64,
    /// In which column.
    pub column: ImportColumn,
    /// What.
    pub fault: ImportFault,
}
