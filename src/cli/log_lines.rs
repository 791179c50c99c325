//! Formats log lines: for the journal with a priority prefix, else with the time.
//!
//! Each record becomes one line without control characters and without API tokens. Other secrets are
//! kept out of the log where the line is written.

use std::io::Write;

use env_logger::Builder;
use log::{Level, LevelFilter};

use super::output::push_escaped;

/// Prefix of every API token, plain and percent-encoded.
const TOKEN: [&str; 2] = ["secret-token:", "secret-token%3a"];

/// Starts logging to standard error.
pub(super) fn start(level: LevelFilter) {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut builder = Builder::new();
    // Of the framework's own lines, only warnings and errors are logged.
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("tilld", level);
    builder.filter_module("playground", level);
    // actix logs bytes that are not HTTP as an error; any client could fill the
    // journal (the test `raw_bytes_in_a_head_do_no_harm`).
    if level < LevelFilter::Debug {
        builder.filter_module("actix_http::h1::dispatcher", LevelFilter::Off);
    }
    if journal {
        builder.format(|out, record| {
            let priority = match record.level() {
                Level::Error => 3,
                Level::Warn => 4,
                Level::Info => 6,
                Level::Debug | Level::Trace => 7,
            };
            writeln!(out, "<{priority}>{}", one_line(&record.args().to_string()))
        });
    } else {
        builder.format(|out, record| {
            let time = out.timestamp_seconds();
            writeln!(out, "{time} {:5} {}", record.level(), one_line(&record.args().to_string()))
        });
    }
    builder.init();
}

/// `text` on one line, with tokens replaced by `***`.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let token = TOKEN.iter().find(|start| {
            rest.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        });
        if let Some(start) = token {
            line.push_str("secret-token:***");
            rest = rest.get(start.len()..).unwrap_or_default();
            rest = rest.trim_start_matches(|c: char| c.is_ascii_graphic() && !"\"'<>".contains(c));
            continue;
        }
        push_escaped(&mut line, next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        let forged = "GET /a\r\n<3>stopped\u{1b}[2J\u{85}\u{9b}1m\u{2028}\u{202e}\0\u{7f}";
        let line = one_line(forged);
        assert_eq!(
            line,
            "GET /a\\u{d}\\u{a}<3>stopped\\u{1b}[2J\\u{85}\\u{9b}1m\\u{2028}\\u{202e}\\u{0}\\u{7f}"
        );
        assert_eq!(one_line("Grüße, 10 € für 茶"), "Grüße, 10 € für 茶");
    }

    #[test]
    fn a_token_is_not_told() {
        for (text, line) in [
            ("GET /x/secret-token:ABC/y: 404", "GET /x/secret-token:*** 404"),
            ("SECRET-token%3aABC%20d e", "secret-token:*** e"),
            ("\"secret-token:A\" secret-token:B", "\"secret-token:***\" secret-token:***"),
            ("secret-toke€", "secret-toke€"),
            ("a secret-token", "a secret-token"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }
}
