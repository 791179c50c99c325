//! Prints the output of commands.
//!
//! Names, notes and file names come from other people: control characters in them are
//! escaped. A closed pipe (`tilld token list admin | head -1`) is no error: the command completes,
//! and its exit status tells whether it succeeded.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Write};

use super::Error;
use taler::characters::is_control_or_format;

/// `text` with line breaks, control characters and bidirectional marks escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut line, c);
    }
    line
}

/// Appends `c` to `line`, escaped if necessary.
pub(super) fn push_escaped(line: &mut String, c: char) {
    if is_control_or_format(c) {
        // Writing to a `String` cannot fail.
        let _ = write!(line, "{}", c.escape_unicode());
    } else {
        line.push(c);
    }
}

/// Prints one line.
///
/// # Errors
/// [`Error::Other`] when the line cannot be written, as to a full disk; not when the pipe is closed.
pub(super) fn line(text: impl Display) -> Result<(), Error> {
    written(print(&escaped(&text.to_string())))
}

/// Prints cells as one line, separated by tabs, so that programs can read it.
///
/// # Errors
/// As [`line()`].
pub(super) fn row(cells: &[&dyn Display]) -> Result<(), Error> {
    let cells: Vec<_> = cells.iter().map(|cell| escaped(&cell.to_string())).collect();
    written(print(&cells.join("\t")))
}

/// Prints a secret that exists only here. The caller must learn whether it was written.
///
/// # Errors
/// Any I/O error, also a closed pipe.
pub(super) fn only_copy(text: &str) -> io::Result<()> {
    print(text)
}

/// Prints the error that ends the program to standard error. It may have several lines.
pub fn print_error(error: &Error) {
    let text = error.to_string();
    let lines: Vec<_> = text.lines().map(escaped).collect();
    // There is no other place to report the error.
    let _ = writeln!(io::stderr(), "tilld: {}", lines.join("\n"));
}

/// Prints a note to standard error, for the person at the terminal.
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
