//! What groups of products and money pots have in common: a name, and a note (inventory 7).

use super::invalid_field::InvalidField;
use super::product::{MAX_TEXT, is_text};

/// A name, which no two of a shop share, and a note.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Label {
    /// What it is called.
    pub name: String,
    /// The shop's own note.
    pub description: String,
}

impl Label {
    /// Checks the lengths; `member` is what the name is called.
    ///
    /// # Errors
    /// [`InvalidField`] names the first member that does not fit.
    pub fn check(&self, member: &'static str) -> Result<(), InvalidField> {
        if self.name.is_empty() || !is_text(&self.name, MAX_TEXT) {
            return Err(InvalidField(member));
        }
        match is_text(&self.description, MAX_TEXT) {
            true => Ok(()),
            false => Err(InvalidField("description")),
        }
    }
}

/// A group or a pot as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Labelled {
    /// Its number, from 1.
    pub serial: i64,
    /// What it is called.
    pub label: Label,
}
