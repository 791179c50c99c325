//! The language of templates: a subset of mustache (webhooks 3).
//!
//! A text is parsed once, when the shop sends it, so that a mistake is told to who made it. It is expanded in
//! one pass: what a variable holds is never read as a template. Neither partials nor other delimiters
//! exist.

use serde_json::{Map, Value};

/// Deepest nesting of sections. Each level may repeat what is in it.
const MAX_DEPTH: usize = 8;
/// Longest name of a variable, in bytes; a path counts whole.
const MAX_NAME: usize = 256;
/// Most nodes that one expansion visits: sections over long lists within each other would take for ever,
/// even with nothing in them.
pub(super) const MAX_STEPS: usize = 200_000;

/// A parsed text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TextTemplate {
    pub(super) nodes: Vec<Node>,
    /// How many values are in it; their numbers are below this.
    pub(super) values: usize,
}

/// A piece of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Node {
    /// Text as it is.
    Text(String),
    /// `{{name}}`, `{{{name}}}`, `{{&name}}`.
    Value { path: Path, escape: Escape, number: usize },
    /// `{{#name}}…{{/name}}` and `{{^name}}…{{/name}}`.
    Section { path: Path, shown: Shown, nodes: Vec<Node> },
}

/// Whether the tag asks for its value as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Escape {
    /// As the place needs it.
    Usual,
    /// Not.
    Raw,
}

/// When a section is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shown {
    /// Once when the value is true or holds something; for a list, once for each element.
    WhenSet,
    /// Once when it is not.
    WhenEmpty,
}

/// The name of a variable: members and positions from the outside in; empty for `.`, the present element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Path(Vec<String>);

/// What is wrong with a template, as a clause about the text.
pub(super) type Why = &'static str;

/// There is more of it than anybody needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooMuch;

impl TextTemplate {
    /// Reads a text.
    pub(super) fn parse(text: &str) -> Result<Self, Why> {
        let mut values = 0;
        let mut open: Vec<(Path, Shown, Vec<Node>)> = Vec::new();
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                nodes.push(Node::Text(before.to_owned()));
            }
            let (tag, after) = match after.strip_prefix('{') {
                Some(raw) => (Some('{'), raw.split_once("}}}")),
                None => (
                    after.chars().next().filter(|c| "&#^/!>=".contains(*c)),
                    after.split_once("}}"),
                ),
            };
            let Some((name, after)) = after else { return Err("a tag is not closed") };
            let name = match tag {
                Some('{') | None => name,
                Some(_) => name.get(1..).unwrap_or_default(),
            };
            rest = after;
            let mut value = |escape| {
                let number = values;
                values += 1;
                Ok::<_, Why>(Node::Value { path: Path::parse(name)?, escape, number })
            };
            match tag {
                None => nodes.push(value(Escape::Usual)?),
                Some('{' | '&') => nodes.push(value(Escape::Raw)?),
                Some('!') => {}
                Some(sign @ ('#' | '^')) => {
                    if open.len() >= MAX_DEPTH {
                        return Err("sections are nested too deep");
                    }
                    let shown = if sign == '#' { Shown::WhenSet } else { Shown::WhenEmpty };
                    open.push((Path::parse(name)?, shown, std::mem::take(&mut nodes)));
                }
                Some('/') => {
                    let Some((path, shown, outer)) = open.pop() else {
                        return Err("a section is closed that is not open");
                    };
                    if Path::parse(name)? != path {
                        return Err("a section is closed by another name");
                    }
                    let inner = std::mem::replace(&mut nodes, outer);
                    nodes.push(Node::Section { path, shown, nodes: inner });
                }
                Some(_) => return Err("partials and other delimiters are not supported"),
            }
        }
        if !rest.is_empty() {
            nodes.push(Node::Text(rest.to_owned()));
        }
        match open.is_empty() {
            true => Ok(Self { nodes, values }),
            false => Err("a section is not closed"),
        }
    }

    /// Writes the template with these variables, at most `limit` bytes of it. `write` writes a value; none is
    /// a name that nobody knows.
    pub(super) fn expand(
        &self,
        variables: &Map<String, Value>,
        limit: usize,
        write: &mut Write<'_>,
    ) -> Result<String, TooMuch> {
        let scope = vec![Frame::Variables(variables)];
        let mut expansion = Expansion { out: String::new(), limit, steps: 0, scope, write };
        expansion.all(&self.nodes)?;
        Ok(expansion.out)
    }
}

/// Writes one value, or nothing that has a name: the value, the tag's wish, the tag's number.
pub(super) type Write<'w> = dyn FnMut(&mut String, Option<&Value>, Escape, usize) + 'w;

impl Path {
    fn parse(name: &str) -> Result<Self, Why> {
        let name = name.trim();
        if name == "." {
            return Ok(Self(Vec::new()));
        }
        if name.len() > MAX_NAME {
            return Err("a name is too long");
        }
        let fits = |part: &str| {
            !part.is_empty()
                && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "{}".contains(c))
        };
        let parts: Vec<_> = name.split('.').map(str::to_owned).collect();
        match parts.iter().all(|part| fits(part)) {
            true => Ok(Self(parts)),
            false => Err("a tag holds no name"),
        }
    }
}

/// What names are looked up in.
#[derive(Clone, Copy)]
enum Frame<'v> {
    Variables(&'v Map<String, Value>),
    Element(&'v Value),
}

impl<'v> Frame<'v> {
    fn get(self, name: &str) -> Option<&'v Value> {
        match self {
            Self::Variables(members) => members.get(name),
            Self::Element(value) => member(value, name),
        }
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

struct Expansion<'v, 'w, 'f> {
    out: String,
    limit: usize,
    steps: usize,
    scope: Vec<Frame<'v>>,
    write: &'w mut Write<'f>,
}

impl<'v> Expansion<'v, '_, '_> {
    fn all(&mut self, nodes: &[Node]) -> Result<(), TooMuch> {
        for node in nodes {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(TooMuch);
            }
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Value { path, escape, number } => {
                    let value = self.find(path);
                    (self.write)(&mut self.out, value, *escape, *number);
                }
                Node::Section { path, shown, nodes } => self.section(path, *shown, nodes)?,
            }
            if self.out.len() > self.limit {
                return Err(TooMuch);
            }
        }
        Ok(())
    }

    fn section(&mut self, path: &Path, shown: Shown, nodes: &[Node]) -> Result<(), TooMuch> {
        let value = self.find(path).filter(|value| is_set(value));
        match (shown, value) {
            (Shown::WhenEmpty, None) => self.all(nodes)?,
            (Shown::WhenEmpty, Some(_)) | (Shown::WhenSet, None) => {}
            (Shown::WhenSet, Some(value)) => {
                let one = std::slice::from_ref(value);
                for element in value.as_array().map_or(one, Vec::as_slice) {
                    // An empty section, too, takes a step for each element.
                    self.steps += 1;
                    self.scope.push(Frame::Element(element));
                    self.all(nodes)?;
                    self.scope.pop();
                }
            }
        }
        Ok(())
    }

    /// The value of this name: its first part in the innermost element that has it, as mustache says.
    fn find(&self, path: &Path) -> Option<&'v Value> {
        let Some((first, rest)) = path.0.split_first() else {
            return match self.scope.last()? {
                Frame::Element(value) => Some(value),
                Frame::Variables(_) => None,
            };
        };
        let value = self.scope.iter().rev().find_map(|frame| frame.get(first))?;
        rest.iter().try_fold(value, |value, name| member(value, name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expanded(template: &str, variables: &Value) -> String {
        let template = TextTemplate::parse(template).unwrap();
        let mut write = |out: &mut String, value: Option<&Value>, escape, _| match value {
            Some(Value::String(text)) if escape == Escape::Usual => {
                out.push_str(&text.to_uppercase())
            }
            Some(Value::String(text)) => out.push_str(text),
            Some(value) => out.push_str(&value.to_string()),
            None => {}
        };
        template.expand(variables.as_object().unwrap(), 1000, &mut write).unwrap()
    }

    #[test]
    fn each_tag_does_what_mustache_says() {
        let variables = json!({
            "a": "x", "n": 7, "o": {"b": {"c": ["d", {"e": "f"}]}}, "list": [{"a": "y"}, {"b": "z"}], "words": ["p", "q"],
            "yes": true, "no": false, "none": null, "empty": "", "void": [], "bare": {}, "tag": "{{a}}",
        });
        for (template, text) in [
            ("", ""),
            ("no tag } here { at all }}", "no tag } here { at all }}"),
            ("{{a}}{{ a }}{{\ta\n}}", "XXX"),
            ("{{{a}}}{{&a}}{{& a }}", "xxx"),
            ("{{n}}{{unknown}}{{a.b}}{{o.b.c.9}}", "7"),
            ("{{o.b.c.0}}{{o.b.c.1.e}}", "DF"),
            ("{\"a\":{{n}}}", "{\"a\":7}"),
            ("{{#list}}[{{a}}{{b}}]{{/list}}", "[Y][XZ]"),
            ("{{#words}}{{.}},{{/words}}", "P,Q,"),
            ("{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{#none}}3{{/none}}{{#empty}}4{{/empty}}", "1"),
            ("{{#void}}1{{/void}}{{#bare}}2{{/bare}}{{#a}}{{.}}{{/a}}{{#n}}{{.}}{{/n}}", "X7"),
            ("{{^yes}}1{{/yes}}{{^no}}2{{/no}}{{^void}}3{{/void}}{{^unknown}}4{{/unknown}}", "234"),
            ("{{#o}}{{#b}}{{c.0}}{{a}}{{/b}}{{/o}}", "DX"),
            ("{{! a comment }}{{!}}", ""),
            ("{{.}}", ""),
            // One pass: what a value holds is text.
            ("{{tag}}{{{tag}}}", "{{A}}{{a}}"),
        ] {
            assert_eq!(expanded(template, &variables), text, "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let deep = "{{#a}}".repeat(MAX_DEPTH + 1) + &"{{/a}}".repeat(MAX_DEPTH + 1);
        let long = format!("{{{{{}}}}}", "a".repeat(MAX_NAME + 1));
        for template in [
            "{{",
            "{{a",
            "{{a}",
            "{{{a}}",
            "{{}}",
            "{{ }}",
            "{{a b}}",
            "{{a..b}}",
            "{{.a}}",
            "{{a{b}}",
            "{{#a}}",
            "{{/a}}",
            "{{#a}}{{/b}}",
            "{{#a}}{{#b}}{{/a}}{{/b}}",
            "{{> a}}",
            "{{=<% %>=}}",
            "{{^a}}x",
            &deep,
            &long,
        ] {
            assert!(TextTemplate::parse(template).is_err(), "{template}");
        }
        let deepest = "{{#a}}".repeat(MAX_DEPTH) + &"{{/a}}".repeat(MAX_DEPTH);
        assert!(TextTemplate::parse(&deepest).is_ok());
    }

    #[test]
    fn neither_size_nor_work_is_without_a_bound() {
        let variables = json!({ "l": vec![0; 1000], "x": "x".repeat(600) });
        let variables = variables.as_object().unwrap();
        let mut write = |out: &mut String, value: Option<&Value>, _, _| {
            out.push_str(value.and_then(Value::as_str).unwrap_or_default());
        };
        let mut outcome = |text: &str| {
            TextTemplate::parse(text)
                .unwrap()
                .expand(variables, 1000, &mut write)
                .map(|text| text.len())
        };
        assert_eq!(outcome("{{x}}"), Ok(600));
        assert_eq!(outcome("{{x}}{{x}}"), Err(TooMuch));
        assert_eq!(outcome("{{#l}}{{/l}}"), Ok(0));
        assert_eq!(outcome("{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}"), Err(TooMuch));
        assert_eq!(outcome("{{#l}}{{#l}}{{!}}{{/l}}{{/l}}"), Err(TooMuch));
    }
}
