//! What commands print, and how.
//!
//! Names, notes and file names are chosen by others: what in them would steer a terminal is
//! escaped. A reader that has gone (`tilld token list admin | head -1`) ends no command: what it
//! does is done, and its exit status says whether.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Write};

use super::Error;
use taler::characters::is_control_or_format;

/// `text` with everything escaped that has power over lines, terminals or the direction of reading.
pub(super) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut line, c);
    }
    line
}

/// Adds `c` to `line`, escaped if it must be.
pub(super) fn push_escaped(line: &mut String, c: char) {
    if is_control_or_format(c) {
        // To write into a text cannot fail.
        let _ = write!(line, "{}", c.escape_unicode());
    } else {
        line.push(c);
    }
}

/// Prints one line.
///
/// # Errors
/// [`Error::Other`] when it cannot be written, as to a full disk; not when the reader has gone.
pub(super) fn line(text: impl Display) -> Result<(), Error> {
    written(print(&escaped(&text.to_string())))
}

/// Prints cells as one line, with tabs between them, for programs as well.
///
/// # Errors
/// As [`line()`].
pub(super) fn row(cells: &[&dyn Display]) -> Result<(), Error> {
    let cells: Vec<_> = cells.iter().map(|cell| escaped(&cell.to_string())).collect();
    written(print(&cells.join("\t")))
}

/// Prints a line that exists only once: whoever calls must know that it has arrived.
///
/// # Errors
/// Whatever the system says; also that the reader has gone.
pub(super) fn only_copy(text: &str) -> io::Result<()> {
    print(text)
}

/// Says why the program ends; several lines are allowed, as messages about a settings file have.
pub fn print_error(error: &Error) {
    let text = error.to_string();
    let lines: Vec<_> = text.lines().map(escaped).collect();
    // There is nobody else to tell.
    let _ = writeln!(io::stderr(), "tilld: {}", lines.join("\n"));
}

/// Says something beside the output, for the person at the terminal.
pub(super) fn note(text: &str) {
    let lines: Vec<_> = text.lines().map(escaped).collect();
    // As above.
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn written(done: io::Result<()>) -> Result<(), Error> {
    match done {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Other(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_done() {
        assert_eq!(
            escaped("a\u{1b}[2Jb\u{9b}1m\n\u{202e}c"),
            "a\\u{1b}[2Jb\\u{9b}1m\\u{a}\\u{202e}c"
        );
        assert_eq!(escaped("Grüße, 10 € für 茶"), "Grüße, 10 € für 茶");
    }
}
