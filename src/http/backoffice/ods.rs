//! Spreadsheets of `OpenDocument` (ODS), version 1.3: sheets of texts, numbers and times, nothing else.
//!
//! The format is little XML in an archive. Rows are spooled as they come, so memory does not grow
//! with the report; libraries that keep a workbook in memory cannot do that.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::ledgers::WIDTH;
use super::workbook::{Cell, SheetFile, is_time};
use crate::till::Spool;

const MEDIA: &str = "application/vnd.oasis.opendocument.spreadsheet";

const MANIFEST: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">"#,
    r#"<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>"#,
    r#"<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>"#,
    "</manifest:manifest>\n",
);

/// Up to the styles of numbers.
const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<office:document-content office:version="1.3""#,
    r#" xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0""#,
    r#" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0""#,
    r#" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0""#,
    r#" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0""#,
    r#" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0""#,
    r#" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0">"#,
    "<office:automatic-styles>",
    r#"<style:style style:name="times" style:family="table-column"><style:table-column-properties style:column-width="4.2cm"/></style:style>"#,
    r#"<style:style style:name="others" style:family="table-column"><style:table-column-properties style:column-width="3.4cm"/></style:style>"#,
    r#"<style:style style:name="heading" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>"#,
    r#"<number:text-style style:name="n-text"><number:text-content/></number:text-style>"#,
    r#"<style:style style:name="text" style:family="table-cell" style:data-style-name="n-text"/>"#,
    r#"<number:date-style style:name="n-time"><number:year number:style="long"/><number:text>-</number:text>"#,
    r#"<number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/>"#,
    r#"<number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text>"#,
    r#"<number:minutes number:style="long"/><number:text>:</number:text><number:seconds number:style="long"/></number:date-style>"#,
    r#"<style:style style:name="time" style:family="table-cell" style:data-style-name="n-time"/>"#,
);

const BODY: &str = "</office:automatic-styles><office:body><office:spreadsheet>\n";
const END_OF_SHEET: &str = "</table:table>\n";
const TAIL: &str = "</office:spreadsheet></office:body></office:document-content>\n";

/// Most decimals that an amount has.
const MAX_DECIMALS: usize = 8;

/// A spreadsheet that is being written.
#[derive(Default)]
pub(super) struct Ods {
    /// What becomes `content.xml`.
    content: Option<BufWriter<File>>,
    /// A second file, for the archive: its entries are finished by going back.
    archive: Option<File>,
    in_sheet: bool,
}

impl Ods {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let content = self.content.as_mut().ok_or_else(not_begun)?;
        content.write_all(text.as_bytes())
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        if self.in_sheet { self.write(END_OF_SHEET) } else { Ok(()) }
    }
}

fn not_begun() -> io::Error {
    io::Error::other("a spreadsheet was not begun")
}

impl SheetFile for Ods {
    fn begin(&mut self, spool: &Spool) -> io::Result<()> {
        self.content = Some(BufWriter::new(tempfile::tempfile_in(spool.folder())?));
        self.archive = Some(tempfile::tempfile_in(spool.folder())?);
        self.write(HEAD)?;
        for decimals in 0..=MAX_DECIMALS {
            self.write(&format!(
                r#"<number:number-style style:name="n-{decimals}"><number:number number:decimal-places="{decimals}" number:min-decimal-places="{decimals}" number:min-integer-digits="1"/></number:number-style><style:style style:name="number-{decimals}" style:family="table-cell" style:data-style-name="n-{decimals}"/>"#
            ))?;
        }
        self.write(BODY)
    }

    fn add_sheet(&mut self, name: &str, columns: [&str; WIDTH]) -> io::Result<()> {
        self.end_sheet()?;
        self.in_sheet = true;
        let mut text = format!("<table:table table:name=\"{}\">", escaped(name));
        for column in columns {
            let style = if is_time(column) { "times" } else { "others" };
            text += &format!("<table:table-column table:style-name=\"{style}\"/>");
        }
        text += "<table:table-header-rows><table:table-row>";
        for column in columns {
            text += &text_cell(column, "heading");
        }
        text += "</table:table-row></table:table-header-rows>\n";
        self.write(&text)
    }

    fn add_row(&mut self, cells: [Cell; WIDTH]) -> io::Result<()> {
        let cells = cells.map(|cell| written(&cell));
        self.write(&format!("<table:table-row>{}</table:table-row>\n", cells.concat()))
    }

    fn finish(&mut self, out: &mut (dyn io::Write + Send)) -> io::Result<()> {
        self.end_sheet()?;
        self.write(TAIL)?;
        let content = self.content.take().ok_or_else(not_begun)?;
        let mut content = content.into_inner().map_err(io::IntoInnerError::into_error)?;
        let length = content.stream_position()?;
        content.rewind()?;
        let archive = self.archive.take().ok_or_else(not_begun)?;
        let mut archive = archived(archive, &mut content, length).map_err(|error| match error {
            ZipError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })?;
        archive.rewind()?;
        io::copy(&mut archive, out).map(|_| ())
    }
}

/// The archive with `content`, which has this many bytes, in `file`.
fn archived(file: File, content: &mut File, length: u64) -> Result<File, ZipError> {
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(file);
    // The first one, and not packed, so that programs know the format by it (ODF 1.3, part 2, 3.3).
    archive.start_file("mimetype", plain)?;
    archive.write_all(MEDIA.as_bytes())?;
    archive.start_file("META-INF/manifest.xml", packed)?;
    archive.write_all(MANIFEST.as_bytes())?;
    archive.start_file("content.xml", packed.large_file(length > u64::from(u32::MAX)))?;
    io::copy(content, &mut archive)?;
    archive.finish()
}

/// `cell` as the format has it.
fn written(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "<table:table-cell/>".to_owned(),
        Cell::Text(text) => text_cell(text, "text"),
        Cell::Number { digits, decimals } => format!(
            r#"<table:table-cell table:style-name="number-{}" office:value-type="float" office:value="{digits}"><text:p>{digits}</text:p></table:table-cell>"#,
            decimals.min(&MAX_DECIMALS)
        ),
        Cell::Time(at) => format!(
            r#"<table:table-cell table:style-name="time" office:value-type="date" office:date-value="{}"><text:p>{}</text:p></table:table-cell>"#,
            at.strftime("%Y-%m-%dT%H:%M:%S"),
            at.strftime("%Y-%m-%d %H:%M:%S"),
        ),
    }
}

/// A cell that is a text, whatever it looks like; a paragraph for each of its lines.
fn text_cell(text: &str, style: &str) -> String {
    let lines: Vec<_> =
        text.split('\n').map(|line| paragraph(line.trim_end_matches('\r'))).collect();
    format!(
        r#"<table:table-cell table:style-name="{style}" office:value-type="string">{}</table:table-cell>"#,
        lines.concat()
    )
}

/// A line of a text. Blanks at its ends, or more than one, would be lost if they were not named.
fn paragraph(line: &str) -> String {
    let mut text = "<text:p>".to_owned();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let blanks = rest.chars().take_while(|c| *c == ' ').count();
        let plain = rest.find([' ', '\t']).unwrap_or(rest.len());
        let used = match c {
            '\t' => {
                text += "<text:tab/>";
                1
            }
            ' ' => {
                let is_inside = rest.len() < line.len() && rest.len() > blanks;
                match blanks == 1 && is_inside && !text.ends_with('>') {
                    true => text.push(' '),
                    // To write into a text cannot fail.
                    false => drop(write!(text, "<text:s text:c=\"{blanks}\"/>")),
                }
                blanks
            }
            _ => {
                text += &escaped(rest.get(..plain).unwrap_or_default());
                plain
            }
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    text + "</text:p>"
}

/// `text` as XML has it. What XML cannot hold becomes a mark.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\r' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c if c < ' ' => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_tabs_and_lines_are_kept() {
        assert_eq!(paragraph(""), "<text:p></text:p>");
        assert_eq!(paragraph("a b"), "<text:p>a b</text:p>");
        assert_eq!(
            paragraph(" a  b\tc "),
            "<text:p><text:s text:c=\"1\"/>a<text:s text:c=\"2\"/>b<text:tab/>c<text:s text:c=\"1\"/></text:p>"
        );
        assert_eq!(paragraph("a\t b"), "<text:p>a<text:tab/><text:s text:c=\"1\"/>b</text:p>");
        assert!(text_cell("a\r\nb", "text").contains("<text:p>a</text:p><text:p>b</text:p>"));
    }

    #[test]
    fn no_text_becomes_markup_or_breaks_the_file() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
        assert_eq!(
            escaped("\0\u{1b}\u{b}\u{ffff}x\u{1f600}"),
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}x\u{1f600}"
        );
        let sum = text_cell("=1+1", "text");
        assert!(
            sum.contains("office:value-type=\"string\"") && sum.contains("<text:p>=1+1</text:p>")
        );
    }
}
