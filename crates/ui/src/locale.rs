//! Who reads a page: in which language, and how numbers are written where it is spoken.

use super::accept::weighed;
use super::messages::Messages;

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// Who reads, as far as their browser tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Locale {
    /// In which language we speak to them.
    pub language: Language,
    /// What stands before the decimals.
    pub decimal: char,
    /// What stands between groups of three digits.
    pub group: char,
}

impl Default for Locale {
    fn default() -> Self {
        Self { language: Language::English, decimal: '.', group: ',' }
    }
}

/// Not broken at the end of a line, and narrower than a blank.
const THIN: char = '\u{202f}';
const APOSTROPHE: char = '’';

impl Locale {
    /// The visitor who sends this header `Accept-Language`. The language is the one of ours that they like
    /// best; numbers are written as in the place that they name first.
    pub fn of(accept_language: &str) -> Self {
        let mut items = weighed(accept_language);
        items.retain(|(_, weight)| *weight > 0);
        // What is named first wins a draw.
        items.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let language = items.iter().find_map(|(tag, _)| match main(tag) {
            "de" => Some(Language::German),
            "en" | "*" => Some(Language::English),
            _ => None,
        });
        let (decimal, group) = items.first().map_or(('.', ','), |(tag, _)| separators(tag));
        Self { language: language.unwrap_or_default(), decimal, group }
    }

    /// The texts in their language.
    pub fn messages(self) -> &'static Messages {
        self.language.messages()
    }
}

impl Language {
    /// Its tag, for `lang="…"`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The texts in this language.
    pub fn messages(self) -> &'static Messages {
        match self {
            Self::English => &super::messages::ENGLISH,
            Self::German => &super::messages::GERMAN,
        }
    }
}

fn main(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Decimal mark and group mark where `tag` (in lower case) is spoken.
fn separators(tag: &str) -> (char, char) {
    match (main(tag), tag.rsplit('-').next().unwrap_or_default()) {
        ("de" | "it" | "en", "ch" | "li") => ('.', APOSTROPHE),
        ("de", "at")
        | ("fr" | "pl" | "cs" | "sk" | "hu" | "uk" | "ru" | "sv" | "nb" | "nn", _)
        | ("no" | "fi" | "bg" | "et" | "lv" | "lt", _) => (',', THIN),
        ("de" | "es" | "it" | "nl" | "pt" | "da" | "el" | "tr" | "ro" | "hr" | "sl", _) => {
            (',', '.')
        }
        _ => ('.', ','),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best_is_spoken_and_the_first_place_writes_the_numbers() {
        let of = |header: &str| {
            let locale = Locale::of(header);
            (locale.language.tag(), locale.decimal, locale.group)
        };
        assert_eq!(of(""), ("en", '.', ','));
        assert_eq!(of("de"), ("de", ',', '.'));
        assert_eq!(of("de-CH, en;q=0.5"), ("de", '.', '’'));
        assert_eq!(of("de-AT"), ("de", ',', THIN));
        assert_eq!(of("en-GB, de;q=0.9"), ("en", '.', ','));
        assert_eq!(of("en;q=0.3, de;q=0.9"), ("de", ',', '.'));
        assert_eq!(of("fr-FR, de;q=0.5, en;q=0.4"), ("de", ',', THIN));
        assert_eq!(of("de;q=0, en"), ("en", '.', ','));
        assert_eq!(of("ja"), ("en", '.', ','));
    }
}
