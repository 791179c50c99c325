//! All products of a shop as a file for spreadsheets or programs. What is written here can be read again.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::export::{is_like_a_number, quoted, text_cell};
use super::product_table::{ProductCell, cells};
use crate::model::product_import::ImportColumn;
use crate::till::PointOfSale;
use ui::Locale;

/// How wide columns are, in characters.
const WIDTH: u16 = 18;

/// How a file of products is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ProductFormat {
    /// CSV as RFC 4180 has it: for programs.
    Csv,
    /// CSV as the visitor's spreadsheet opens it without questions.
    LocalCsv,
    /// A workbook of Office Open XML.
    Xlsx,
}

impl ProductFormat {
    /// The format that addresses call `name`.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "local-csv" => Some(Self::LocalCsv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    /// The media type, and how file names end.
    pub(super) fn media(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv | Self::LocalCsv => ("text/csv; charset=utf-8; header=present", "csv"),
            Self::Xlsx => {
                ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
            }
        }
    }
}

/// All products as a file.
///
/// # Errors
/// When the library for workbooks fails.
pub(super) fn write(
    all: &PointOfSale,
    format: ProductFormat,
    locale: Locale,
) -> Result<Vec<u8>, XlsxError> {
    let categories: BTreeMap<i64, String> =
        all.categories.iter().map(|one| (one.serial, one.details.name.clone())).collect();
    let rows = all.products.iter().map(|product| cells(product, &categories));
    match format {
        ProductFormat::Csv => Ok(csv(rows, ',', '.', "")),
        ProductFormat::LocalCsv => {
            // Spreadsheets expect a semicolon wherever a comma is not what groups digits; without the mark Excel
            // takes the text for one of its old code pages.
            let separator = if locale.group == ',' { ',' } else { ';' };
            Ok(csv(rows, separator, locale.decimal, "\u{feff}"))
        }
        ProductFormat::Xlsx => xlsx(rows),
    }
}

fn csv(
    rows: impl Iterator<Item = [ProductCell; ImportColumn::ALL.len()]>,
    separator: char,
    decimal: char,
    mark: &str,
) -> Vec<u8> {
    let heading = ImportColumn::ALL.map(|column| column.name().to_owned());
    let mut file = format!("{mark}{}", quoted(&heading, separator));
    for row in rows {
        let row = row.map(|cell| match cell {
            ProductCell::Empty => String::new(),
            // A number like 0012 would become another one. One that is plain stays readable for programs.
            ProductCell::Text(text) if !mark.is_empty() && is_like_a_number(&text) => {
                format!("'{text}")
            }
            ProductCell::Text(text) => text_cell(&text, separator),
            ProductCell::Number(number) => number.replace('.', &decimal.to_string()),
            ProductCell::Word(word) => word.to_owned(),
        });
        file.push_str(&quoted(&row, separator));
    }
    file.into_bytes()
}

fn xlsx(
    rows: impl Iterator<Item = [ProductCell; ImportColumn::ALL.len()]>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let (heading, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let sheet = workbook.add_worksheet();
    sheet.set_name("products")?.set_freeze_panes(1, 0)?;
    for (at, column) in (0_u16..).zip(ImportColumn::ALL) {
        sheet.set_column_width(at, WIDTH)?;
        sheet.write_string_with_format(0, at, column.name(), &heading)?;
    }
    for (line, row) in (1_u32..).zip(rows) {
        for (at, cell) in (0_u16..).zip(row) {
            match cell {
                ProductCell::Empty => {}
                ProductCell::Text(one) => {
                    sheet.write_string_with_format(line, at, one, &text)?;
                }
                ProductCell::Number(number) => match number.parse::<f64>() {
                    Ok(value) => drop(sheet.write_number(line, at, value)?),
                    Err(_) => drop(sheet.write_string(line, at, number)?),
                },
                ProductCell::Word(word) => drop(sheet.write_string(line, at, word)?),
            }
        }
    }
    workbook.save_to_buffer()
}
