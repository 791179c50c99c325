//! Finds the templates that write a JSON object, and where in it each value goes (webhooks 3, JSON mode).
//!
//! Such a template gives valid JSON whatever its variables hold: a value inside a string literal is escaped for
//! it, a value elsewhere is written as JSON. To find out, the template is written with a stand-in for each
//! tag: with its sections left out, once, and twice.

use serde_json::{Map, Value};

use super::text_template::{Node, Shown, TextTemplate};

/// Longest trial, in bytes; sections within each other double it at every level. A template that is longer
/// is plain text.
const MAX_TRIAL: usize = 1024 * 1024;
/// Stands for a value inside a string. It ends no escape sequence: a tag behind a backslash is no JSON.
const IN_STRING: char = '~';
/// Stands for a value elsewhere. No number or word goes on with it, so that a tag is a value of its own.
const ELSEWHERE: &str = "null";

/// Where a value goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// Inside a string literal.
    InString,
    /// It is a value by itself.
    Value,
}

/// The place of each value, by its number, if the template writes a JSON object.
pub(super) fn places(template: &TextTemplate) -> Option<Vec<Place>> {
    let mut places = vec![None; template.values];
    for (set, empty) in [(0, 1), (1, 0), (2, 0)] {
        let mut trial =
            Trial { out: String::new(), state: State::Outside, set, empty, places: &mut places };
        trial.all(&template.nodes)?;
        serde_json::from_str::<Map<String, Value>>(&trial.out).ok()?;
    }
    places.into_iter().collect()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Outside,
    InString,
    Escaped,
}

struct Trial<'p> {
    out: String,
    state: State,
    /// How often a section is shown, and how often an inverted one.
    set: usize,
    empty: usize,
    places: &'p mut [Option<Place>],
}

impl Trial<'_> {
    /// Nothing when the template is too long, or a value would be now inside a string, now not.
    fn all(&mut self, nodes: &[Node]) -> Option<()> {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text),
                Node::Value { number, .. } => {
                    let place = match self.state {
                        State::Outside => Place::Value,
                        State::InString | State::Escaped => Place::InString,
                    };
                    let known = self.places.get_mut(*number)?;
                    if known.is_some_and(|known| known != place) {
                        return None;
                    }
                    *known = Some(place);
                    match place {
                        Place::InString => self.out.push(IN_STRING),
                        Place::Value => self.out.push_str(ELSEWHERE),
                    }
                }
                Node::Section { shown, nodes, .. } => {
                    let times = match shown {
                        Shown::WhenSet => self.set,
                        Shown::WhenEmpty => self.empty,
                    };
                    for _ in 0..times {
                        self.all(nodes)?;
                    }
                }
            }
            if self.out.len() > MAX_TRIAL {
                return None;
            }
        }
        Some(())
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
        for c in text.chars() {
            self.state = match (self.state, c) {
                (State::Outside, '"') | (State::Escaped, _) => State::InString,
                (State::InString, '\\') => State::Escaped,
                (State::InString, '"') => State::Outside,
                (state @ (State::Outside | State::InString), _) => state,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Vec<Place>> {
        places(&TextTemplate::parse(text).unwrap())
    }

    #[test]
    fn only_a_template_of_a_json_object_is_one() {
        use Place::{InString, Value};
        for (text, places) in [
            (r#"{"a":"{{a}}","b":{{b}}}"#, vec![InString, Value]),
            (r#"{"\"{{a}}\\":[{{b}},"x{{c}}{{d}}"]}"#, vec![InString, Value, InString, InString]),
            (r#"{"a":[{{#l}}"{{.}}",{{/l}}null]}"#, vec![InString]),
            (r#"{"a":"{{#a}}{{a}}{{/a}}{{^a}}{{b}}{{/a}}"}"#, vec![InString, InString]),
            ("{}", vec![]),
            (" {\n\"a\" : {{{a}}} }\n", vec![Value]),
        ] {
            assert_eq!(of(text), Some(places), "{text}");
        }
        for text in [
            "",
            "{{a}}",
            "[{{a}}]",
            "\"{{a}}\"",
            "{{a}}|{{b}}",
            r#"{"a":{{a}}{{b}}}"#,
            r#"{"a":1{{a}}}"#,
            r#"{"a":-{{a}}}"#,
            r#"{"a":{{a}}.5}"#,
            r#"{{{a}}:1}"#.trim_start_matches('{'),
            r#"{"a":"\{{a}}n"}"#,
            r#"{"a":"\u{{a}}0041"}"#,
            r#"{"a":[{{#l}}"{{.}}"{{/l}}]}"#,
            // A list would write two values after each other.
            r#"{"a":{{#a}}{{a}}{{/a}}{{^a}}null{{/a}}}"#,
            r#"{"a":"{{#q}}","b":"{{/q}}{{a}}" "#,
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_trial_does_not_grow_without_a_bound() {
        let (open, close) = ("{{#a}}".repeat(8), "{{/a}}".repeat(8));
        let text = format!("{{\"a\":\"{open}{}{close}\"}}", "x".repeat(60_000));
        assert_eq!(of(&text), None);
    }
}
