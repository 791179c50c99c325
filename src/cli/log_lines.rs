//! How log lines look: for the journal with their priority in front, else with the time.

use std::io::Write;

use env_logger::Builder;
use log::{Level, LevelFilter};

/// Starts logging to standard error.
pub(super) fn start(level: LevelFilter) {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut builder = Builder::new();
    // The framework's own lines matter only when something is wrong.
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("tilld", level);
    // But not when a stranger sends what is no HTTP, which it calls an error: that could fill the
    // journal (the test `raw_bytes_in_a_head_harm_nobody`).
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
            writeln!(out, "<{priority}>{}", record.args())
        });
    } else {
        builder.format(|out, record| {
            let time = out.timestamp_seconds();
            writeln!(out, "{time} {:5} {}", record.level(), record.args())
        });
    }
    builder.init();
}
