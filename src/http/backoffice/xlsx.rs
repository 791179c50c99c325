//! Workbooks of Office Open XML (XLSX), which every spreadsheet opens; a library writes them.

use std::io;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::ledgers::WIDTH;
use super::workbook::{Cell, SheetFile, is_time};
use crate::till::Spool;

/// How wide columns of times and of other things are, in characters.
const TIME_WIDTH: u16 = 20;
const USUAL_WIDTH: u16 = 16;

/// A workbook that is being written.
pub(super) struct Xlsx {
    workbook: Workbook,
    /// How many sheets there are; the last one is written to.
    sheets: usize,
    /// Rows in it.
    rows: u32,
    heading: Format,
    time: Format,
    text: Format,
}

impl Xlsx {
    pub(super) fn new() -> Self {
        Self {
            workbook: Workbook::new(),
            sheets: 0,
            rows: 0,
            heading: Format::new().set_bold(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            text: Format::new().set_num_format("@"),
        }
    }

    fn begin_sheet(&mut self, name: &str, columns: [&str; WIDTH]) -> Result<(), XlsxError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(columns) {
            let width = if is_time(name) { TIME_WIDTH } else { USUAL_WIDTH };
            sheet.set_column_width(column, width)?;
        }
        for (column, name) in (0_u16..).zip(columns) {
            sheet.write_string_with_format(0, column, name, &self.heading)?;
        }
        (self.sheets, self.rows) = (self.sheets.saturating_add(1), 1);
        Ok(())
    }

    fn write_row(&mut self, cells: [Cell; WIDTH]) -> Result<(), XlsxError> {
        let (row, last) = (self.rows, self.sheets.saturating_sub(1));
        let sheet = self.workbook.worksheet_from_index(last)?;
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string_with_format(row, column, text, &self.text)?;
                }
                Cell::Number { digits, decimals } => match digits.parse::<f64>() {
                    Ok(value) => {
                        let pattern = match decimals {
                            0 => "0".to_owned(),
                            decimals => format!("0.{}", "0".repeat(decimals)),
                        };
                        let format = Format::new().set_num_format(pattern);
                        sheet.write_number_with_format(row, column, value, &format)?;
                    }
                    Err(_) => {
                        sheet.write_string_with_format(row, column, digits, &self.text)?;
                    }
                },
                Cell::Time(at) => {
                    sheet.write_datetime_with_format(row, column, at, &self.time)?;
                }
            }
        }
        self.rows = row.saturating_add(1);
        Ok(())
    }
}

/// What the library's `error` means for who writes files.
fn failed(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

impl SheetFile for Xlsx {
    fn begin(&mut self, spool: &Spool) -> io::Result<()> {
        self.workbook.set_tempdir(spool.folder()).map(|_| ()).map_err(failed)
    }

    fn add_sheet(&mut self, name: &str, columns: [&str; WIDTH]) -> io::Result<()> {
        self.begin_sheet(name, columns).map_err(failed)
    }

    fn add_row(&mut self, cells: [Cell; WIDTH]) -> io::Result<()> {
        self.write_row(cells).map_err(failed)
    }

    fn finish(&mut self, out: &mut (dyn io::Write + Send)) -> io::Result<()> {
        self.workbook.save_to_writer(out).map_err(failed)
    }
}
