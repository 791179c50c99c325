//! Reads a table that people bring along: CSV in the forms in which spreadsheets write it, or XLSX.
//!
//! What is read is bounded whatever the file says (decision 165): a workbook is unpacked up to a limit before the
//! library that understands it sees it, and then read cell by cell.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::till::MAX_IMPORT_LINES;

/// Most cells of a line. Spreadsheets end lines with empty ones.
const MAX_CELLS: usize = 64;
/// Longest cell, in bytes; longer than any text of a product.
const MAX_CELL: usize = 16 << 10;
/// Most bytes of all cells: four times the longest file.
const MAX_TEXT: usize = 8 << 20;
/// Most bytes of a workbook's parts, unpacked. A workbook of ten thousand products has 8 MB.
const MAX_UNPACKED: u64 = 32 << 20;
/// Most parts of a workbook.
const MAX_PARTS: usize = 512;
/// How files begin that are ZIP archives, as workbooks are.
const ZIP: &[u8] = b"PK\x03\x04";
/// What may stand between cells: the first of those that are there most often is taken.
const SEPARATORS: [char; 3] = [';', ',', '\t'];
/// How Excel lets the first line name the separator.
const SEPARATOR_LINE: &str = "sep=";
/// Digits behind the dot of a number in a workbook: those of an amount. Beyond, numbers are not exact.
const DIGITS: usize = 8;

/// A line of a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TableLine {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// What is in its cells, without blanks around it.
    pub(super) cells: Vec<String>,
}

/// Why a file is no table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadTable {
    /// It is of another kind, or broken.
    Unreadable,
    /// It has too many bytes.
    TooLarge,
    /// It has more lines than are taken.
    TooManyLines,
    /// This line has too many cells.
    TooWide(u64),
    /// A cell of this line is too long.
    CellTooLong(u64),
    /// There is nothing in it.
    Empty,
}

/// The lines of the table in `bytes` that have something in them.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<TableLine>, BadTable> {
    let lines = match bytes.starts_with(ZIP) {
        true => workbook(bytes)?,
        false => text(bytes)?,
    };
    if lines.is_empty() { Err(BadTable::Empty) } else { Ok(lines) }
}

/// Lines that are added up, within the bounds.
#[derive(Default)]
struct Lines {
    lines: Vec<TableLine>,
    bytes: usize,
}

impl Lines {
    /// Adds a line; an empty one only counts.
    fn add(&mut self, number: u64, cells: Vec<String>) -> Result<(), BadTable> {
        let mut cells: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        if cells.len() > MAX_CELLS {
            return Err(BadTable::TooWide(number));
        }
        if cells.iter().any(|cell| cell.len() > MAX_CELL) {
            return Err(BadTable::CellTooLong(number));
        }
        // The heading is one of them.
        if self.lines.len() > MAX_IMPORT_LINES {
            return Err(BadTable::TooManyLines);
        }
        self.bytes = self.bytes.saturating_add(cells.iter().map(String::len).sum());
        if self.bytes > MAX_TEXT {
            return Err(BadTable::TooLarge);
        }
        self.lines.push(TableLine { number, cells });
        Ok(())
    }
}

/// `bytes` as text: in UTF-8, in UTF-16 with its mark, else as Windows has written it.
fn decoded(bytes: &[u8]) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    encoding.decode(bytes).0.into_owned()
}

/// The separator that stands most often in the first line, outside of quotes.
fn separator(line: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            _ => {
                for (count, known) in counts.iter_mut().zip(SEPARATORS) {
                    *count = count.saturating_add(usize::from(c == known));
                }
            }
        }
    }
    let mut best = (';', 0);
    for (count, known) in counts.into_iter().zip(SEPARATORS) {
        if count > best.1 {
            best = (known, count);
        }
    }
    best.0
}

/// The line of `text` in which the record begins that was read from `position` on: empty lines before it are read
/// with it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    let skipped = ends.filter(|byte| **byte == b'\n').count();
    position.line().saturating_add(u64::try_from(skipped).unwrap_or(u64::MAX))
}

fn text(bytes: &[u8]) -> Result<Vec<TableLine>, BadTable> {
    let text = decoded(bytes);
    if text.contains('\0') {
        return Err(BadTable::Unreadable);
    }
    let mut rest = text.as_str();
    let mut first_number = 1_u64;
    let first_line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let mut line = first_line(rest);
    let named = line.strip_prefix(SEPARATOR_LINE).map(|rest| rest.trim().chars().next());
    let separator = match named {
        Some(named) => {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            first_number = 2;
            line = first_line(rest);
            named.filter(|c| SEPARATORS.contains(c)).unwrap_or_else(|| separator(&line))
        }
        None => separator(&line),
    };
    let separator = u8::try_from(separator).map_err(|_| BadTable::Unreadable)?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(rest.as_bytes());
    let (mut lines, mut record) = (Lines::default(), StringRecord::new());
    while reader.read_record(&mut record).map_err(|_| BadTable::Unreadable)? {
        let number = record.position().map_or(0, |position| line_of(rest, position));
        let number = number.saturating_add(first_number).saturating_sub(1);
        // One more than may be, so that it is said.
        let cells = record.iter().take(MAX_CELLS.saturating_mul(2)).map(str::to_owned);
        lines.add(number, cells.collect())?;
    }
    Ok(lines.lines)
}

/// The parts of a workbook that have text in them, as an archive that is not packed. The parts say of themselves how
/// large they are; here they are read as far as they may go.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, BadTable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| BadTable::Unreadable)?;
    if archive.len() > MAX_PARTS {
        return Err(BadTable::TooLarge);
    }
    let mut plain = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut left = MAX_UNPACKED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| BadTable::Unreadable)?;
        let name = part.name().map_err(|_| BadTable::Unreadable)?.into_owned();
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            continue;
        }
        let mut content = Vec::new();
        let mut bounded = part.take(left.saturating_add(1));
        bounded.read_to_end(&mut content).map_err(|_| BadTable::Unreadable)?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or(BadTable::TooLarge)?;
        plain.start_file(name, options).map_err(|_| BadTable::Unreadable)?;
        plain.write_all(&content).map_err(|_| BadTable::Unreadable)?;
    }
    Ok(plain.finish().map_err(|_| BadTable::Unreadable)?.into_inner())
}

/// A number as people write it, with a dot.
fn number(value: f64) -> String {
    let text = format!("{value:.DIGITS$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn workbook(bytes: &[u8]) -> Result<Vec<TableLine>, BadTable> {
    let plain = unpacked(bytes)?;
    // The library is made for files of people's own; one that was made to confuse it ends here.
    catch_unwind(AssertUnwindSafe(|| first_sheet(plain))).unwrap_or(Err(BadTable::Unreadable))
}

fn first_sheet(plain: Vec<u8>) -> Result<Vec<TableLine>, BadTable> {
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(plain)).map_err(|_: calamine::XlsxError| BadTable::Unreadable)?;
    let name = workbook.sheet_names().first().cloned().ok_or(BadTable::Empty)?;
    let mut reader = workbook.worksheet_cells_reader(&name).map_err(|_| BadTable::Unreadable)?;
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut bytes = 0_usize;
    while let Some(cell) = reader.next_cell().map_err(|_| BadTable::Unreadable)? {
        let (row, column) = cell.get_position();
        let line = u64::from(row).saturating_add(1);
        let text = match cell.get_value() {
            DataRef::Empty => continue,
            DataRef::String(text) => text.as_str().to_owned(),
            DataRef::SharedString(text) if text.len() > MAX_CELL => {
                return Err(BadTable::CellTooLong(line));
            }
            DataRef::SharedString(text) => (*text).to_owned(),
            DataRef::Int(value) => value.to_string(),
            DataRef::Float(value) => number(*value),
            DataRef::Bool(value) => value.to_string(),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            // No column is one of times; it is said what is there.
            DataRef::DateTime(time) => number(time.as_f64()),
            DataRef::Error(error) => error.to_string(),
        };
        if text.trim().is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MAX_CELLS {
            return Err(BadTable::TooWide(line));
        }
        bytes = bytes.saturating_add(text.len());
        if bytes > MAX_TEXT {
            return Err(BadTable::TooLarge);
        }
        let cells = rows.entry(row).or_default();
        if cells.len() <= column {
            cells.resize(column.saturating_add(1), String::new());
        }
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
        if rows.len() > MAX_IMPORT_LINES.saturating_add(1) {
            return Err(BadTable::TooManyLines);
        }
    }
    let mut lines = Lines::default();
    for (row, cells) in rows {
        lines.add(u64::from(row).saturating_add(1), cells)?;
    }
    Ok(lines.lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_xlsxwriter::Workbook;

    use super::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        read(bytes).unwrap().into_iter().map(|line| line.cells).collect()
    }

    fn sheet(write: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut workbook = Workbook::new();
        write(workbook.add_worksheet());
        workbook.save_to_buffer().unwrap()
    }

    #[test]
    fn a_table_is_read_as_spreadsheets_write_it() {
        let table = [["product_id", "name"], ["1", "Käse; mild"]];
        for text in [
            "product_id;name\r\n1;\"Käse; mild\"\r\n",
            "\u{feff}product_id;name\n1;\"Käse; mild\"\n;;;;\n\n",
            "product_id,name\n1,Käse; mild",
            "product_id\tname\n1\tKäse; mild\n",
            "sep=,\nproduct_id,name\n1,Käse; mild\n",
        ] {
            assert_eq!(cells(text.as_bytes()), table, "{text}");
        }
        let (windows, ..) = WINDOWS_1252.encode("product_id;name\r\n1;\"Käse; mild\"\r\n");
        assert_eq!(cells(&windows), table);
        let wide = "\u{feff}product_id\tname\r\n1\tKäse; mild\r\n".encode_utf16();
        let wide: Vec<u8> = wide.flat_map(u16::to_le_bytes).collect();
        assert_eq!(cells(&wide), table);
    }

    #[test]
    fn a_line_keeps_its_number() {
        let lines = read(b"a;b\n\n\"two\nlines\";x\ny;z\n").unwrap();
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 3, 5]);
        let lines = read(b"sep=;\na;b\nc;d\n").unwrap();
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_workbook_is_read_cell_by_cell() {
        let bytes = sheet(|sheet| {
            sheet.write_string(0, 0, "product_id").unwrap();
            sheet.write_string(0, 1, "price").unwrap();
            sheet.write_number(2, 0, 4_006_381_333_931_f64).unwrap();
            sheet.write_number(2, 1, 2.35).unwrap();
            sheet.write_boolean(3, 0, true).unwrap();
        });
        let lines = read(&bytes).unwrap();
        assert_eq!(
            lines[1],
            TableLine { number: 3, cells: vec!["4006381333931".into(), "2.35".into()] }
        );
        assert_eq!(lines[2].cells, ["true"]);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let many = "a\n".repeat(MAX_IMPORT_LINES + 1);
        assert_eq!(read(many.as_bytes()).unwrap().len(), MAX_IMPORT_LINES + 1);
        assert_eq!(read(format!("{many}a\n").as_bytes()), Err(BadTable::TooManyLines));
        assert_eq!(
            read(format!("a\n{}\n", "x;".repeat(100)).as_bytes()),
            Err(BadTable::TooWide(2))
        );
        assert_eq!(
            read(format!("a\n\n{}", "x".repeat(MAX_CELL + 1)).as_bytes()),
            Err(BadTable::CellTooLong(3))
        );
        for empty in ["", "\n\n", ";;;\n"] {
            assert_eq!(read(empty.as_bytes()), Err(BadTable::Empty), "{empty}");
        }
        for bad in [&b"PK\x03\x04"[..], b"\xd0\xcf\x11\xe0\0\0\0\0", b"PK\x03\x04 and so on"] {
            assert_eq!(read(bad), Err(BadTable::Unreadable));
        }
        let far = sheet(|sheet| {
            sheet.write_string(1_048_575, 16_383, "x").unwrap();
        });
        assert_eq!(read(&far), Err(BadTable::TooWide(1_048_576)));
        let tall = sheet(|sheet| {
            for row in 0..=u32::try_from(MAX_IMPORT_LINES + 1).unwrap() {
                sheet.write_number(row * 3, 0, row).unwrap();
            }
        });
        assert_eq!(read(&tall), Err(BadTable::TooManyLines));
        // One long text that many cells have.
        let long = "x".repeat(10_000);
        let heavy = sheet(|sheet| {
            for row in 0..1000 {
                sheet.write_string(row, 0, &long).unwrap();
            }
        });
        assert!(heavy.len() < 100_000);
        assert_eq!(read(&heavy), Err(BadTable::TooLarge));
    }

    #[test]
    fn a_workbook_that_unpacks_to_very_much_is_refused() {
        let mut bomb = ZipWriter::new(Cursor::new(Vec::new()));
        bomb.start_file("xl/sharedStrings.xml", SimpleFileOptions::default()).unwrap();
        for _ in 0..=MAX_UNPACKED >> 20 {
            bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let bomb = bomb.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        assert_eq!(read(&bomb), Err(BadTable::TooLarge));
    }

    proptest! {
        #[test]
        fn no_text_confuses_the_reader(text in prop::collection::vec(prop_oneof![
            Just("\"".to_owned()), Just(";".to_owned()), Just(",".to_owned()), Just("\t".to_owned()),
            Just("\r\n".to_owned()), Just("\n".to_owned()), Just("\r".to_owned()), Just("sep=".to_owned()),
            Just("\u{feff}".to_owned()), "\\PC{0,4}",
        ], 0..60)) {
            if let Ok(lines) = read(text.concat().as_bytes()) {
                prop_assert!(lines.is_sorted_by_key(|line| line.number));
                prop_assert!(lines.iter().all(|line| (1..=MAX_CELLS).contains(&line.cells.len())));
            }
        }

        #[test]
        fn no_bytes_confuse_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_was_quoted_comes_back(cells in prop::collection::vec("[a-z\",;\\t\\n é]{1,8}", 1..6), at in 0..SEPARATORS.len()) {
            let separator = SEPARATORS[at];
            let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let heading = vec!["h"; cells.len() + 1].join(&separator.to_string());
            let text = format!("{heading}\n{}{separator}end\n", quoted.join(&separator.to_string()));
            let lines = read(text.as_bytes()).unwrap();
            let mut expected: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            expected.push("end".into());
            prop_assert_eq!(&lines[1].cells, &expected);
        }

        #[test]
        fn no_broken_workbook_confuses_the_reader(at in 0.0..1.0_f64, to in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = sheet(|sheet| {
                sheet.write_string(0, 0, "product_id").unwrap();
                sheet.write_number(1, 0, 17).unwrap();
            });
            let place = (at * bytes.len() as f64) as usize;
            match cut {
                true => bytes.truncate(place),
                false => bytes[place] = to,
            }
            let _ = read(&bytes);
        }
    }
}
