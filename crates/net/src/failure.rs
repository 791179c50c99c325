//! What rows of the tables of failures have in common. Each server has its own table and its own words.

use actix_web::http::StatusCode;

/// A row of a table of failures: how a failure is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// The HTTP status.
    pub status: u16,
    /// Taler's error code.
    pub code: u32,
    /// What the client may do, or what is wrong, in one sentence.
    pub hint: &'static str,
}

impl Row {
    /// A row of a table, read from left to right.
    pub const fn new(status: u16, code: u32, hint: &'static str) -> Self {
        Self { status, code, hint }
    }

    /// The status as the server's library has it; 500 for a number that is none.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
