//! Paths into a contract, by which a shop says what is to be forgotten (merchant-api 2.5):
//! `$.delivery_location`, `$.products[*].description`, `$.products[0].image`.

use serde_json::Value;

use super::text::bad_text;

/// Most steps of a path; contracts are not nested deeper.
const MAX_STEPS: usize = 64;
/// Most members that one path with `*` may mean.
const MAX_MATCHES: usize = 4096;

bad_text! {
    /// This text is no such path; the sentence says what is wrong with it.
    BadPath
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Member(String),
    Index(usize),
    Every,
}

/// Where in a contract members are. It ends with the name of a member.
///
/// ```
/// use taler::path::ContractPath;
/// let contract = serde_json::json!({ "products": [{ "a": 1 }, { "b": 2 }, { "a": 3 }] });
/// let path = ContractPath::parse("$.products[*].a").unwrap();
/// assert_eq!(path.matches(&contract), [["products", "0", "a"], ["products", "2", "a"]]);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContractPath(Vec<Step>);

impl ContractPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When it does not begin with `$`, has an empty step or an index that is none, or does not end
    /// with a member.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        let mut rest = text.strip_prefix('$').ok_or(BadPath("a path begins with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let step;
            (step, rest) = if let Some(member) = rest.strip_prefix('.') {
                let (name, rest) = member.split_at(member.find(['.', '[']).unwrap_or(member.len()));
                if name.is_empty() || name.contains(']') {
                    return Err(BadPath("a path names each member"));
                }
                (Step::Member(name.to_owned()), rest)
            } else if let Some(inner) = rest.strip_prefix('[') {
                let (inside, rest) =
                    inner.split_once(']').ok_or(BadPath("a bracket is not closed"))?;
                (index(inside)?, rest)
            } else {
                return Err(BadPath("steps of a path begin with . or ["));
            };
            steps.push(step);
            if steps.len() > MAX_STEPS {
                return Err(BadPath("the path is too long"));
            }
        }
        match steps.last() {
            Some(Step::Member(_)) => Ok(Self(steps)),
            _ => Err(BadPath("a path ends with the name of a member")),
        }
    }

    /// Every place in `contract` that the path means and where something is, or was before it was
    /// forgotten; as names of members and positions in lists.
    pub fn matches(&self, contract: &Value) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        walk(contract, &self.0, &mut Vec::new(), &mut found);
        found
    }
}

fn index(text: &str) -> Result<Step, BadPath> {
    if text == "*" {
        return Ok(Step::Every);
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(position) if digits => Ok(Step::Index(position)),
        _ => Err(BadPath("an index is a number or *")),
    }
}

fn walk(value: &Value, steps: &[Step], trail: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if found.len() >= MAX_MATCHES {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        found.push(trail.clone());
        return;
    };
    let mut enter = |name: String, inner: &Value| {
        trail.push(name);
        walk(inner, rest, trail, found);
        trail.pop();
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            let forgotten = || members.get("$forgotten").and_then(|hashes| hashes.get(name));
            match members.get(name) {
                Some(inner) => enter(name.clone(), inner),
                // It was there once; what lay below it is forgotten too.
                None if forgotten().is_some() => {
                    trail.push(name.clone());
                    found.push(trail.clone());
                    trail.pop();
                }
                None => {}
            }
        }
        (Step::Index(position), Value::Array(items)) => {
            if let Some(inner) = items.get(*position) {
                enter(position.to_string(), inner);
            }
        }
        (Step::Every, Value::Array(items)) => {
            for (position, inner) in items.iter().enumerate() {
                enter(position.to_string(), inner);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_paths_to_members_are_paths() {
        for good in ["$.a", "$.a.b[0].c", "$.products[*].description", "$[0].a", "$.a[1][2].b"] {
            assert!(ContractPath::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "$",
            "a",
            ".a",
            "$a",
            "$.",
            "$..a",
            "$.a.",
            "$.a[0]",
            "$.a[",
            "$.a[]",
            "$.a[-1].b",
            "$.a[+1].b",
            "$.a[1",
            "$.a[x].b",
            "$.a[*]",
            "$.a]b",
            "$.a[99999999999999999999].b",
        ] {
            assert!(ContractPath::parse(bad).is_err(), "{bad}");
        }
        assert!(ContractPath::parse(&format!("${}", ".a".repeat(MAX_STEPS + 1))).is_err());
    }

    #[test]
    fn a_path_finds_what_is_there_and_what_was() {
        let contract = json!({ "a": { "$forgotten": { "b": "…" } }, "l": [1, { "x": 2 }] });
        let find = |path| ContractPath::parse(path).unwrap().matches(&contract);
        assert_eq!(find("$.a.b"), [["a", "b"]]);
        assert_eq!(find("$.a.b.c"), [["a", "b"]]);
        assert_eq!(find("$.l[1].x"), [["l", "1", "x"]]);
        assert_eq!(find("$.l[*].x"), [["l", "1", "x"]]);
        assert!(
            find("$.a.c").is_empty() && find("$.l[7].x").is_empty() && find("$.l.x").is_empty()
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = ContractPath::parse(&text);
            let _ = ContractPath::parse(&format!("$.{text}"));
        }
    }
}
