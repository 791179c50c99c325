//! What a browser says it would like: `Accept`, `Accept-Language`, each item with its weight.

/// The items of a header like `Accept` in lower case, each with its weight in thousandths.
pub fn weighed(text: &str) -> Vec<(String, u16)> {
    text.split(',')
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
            Some((name, weight))
        })
        .collect()
}

/// `0.8` as 800; what is no weight counts as none.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match whole {
        "1" => 1000,
        "0" => digits.parse().unwrap_or(0),
        _ => 0,
    }
}

/// The greatest weight among the items that fit.
pub fn weight(items: &[(String, u16)], fits: impl Fn(&str) -> bool) -> u16 {
    items.iter().filter(|(name, _)| fits(name)).map(|(_, weight)| *weight).max().unwrap_or(0)
}

/// Whether the client that sends this `Accept` wants a page rather than JSON. The most exact item that fits
/// counts; in a draw it is JSON (merchant-api 3.4).
pub fn prefers_html(accept: &str) -> bool {
    let items = weighed(accept);
    let of = |ranges: [&str; 3]| {
        let exact = |range: &&str| items.iter().find(|(name, _)| name == range);
        ranges.iter().find_map(exact).map_or(0, |(_, weight)| *weight)
    };
    of(["text/html", "text/*", "*/*"]) > of(["application/json", "application/*", "*/*"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (accept, is_page) in [
            (browser, true),
            ("text/html", true),
            ("text/*", true),
            ("TEXT/HTML;q=0.5, application/json;q=0.4", true),
            ("text/html;q=0.4, application/json;q=0.5", false),
            ("text/html, application/json", false),
            ("text/html;q=0, */*", false),
            ("application/json", false),
            ("*/*", false),
            ("", false),
            ("image/png", false),
        ] {
            assert_eq!(prefers_html(accept), is_page, "{accept}");
        }
    }

    #[test]
    fn weights_are_read_to_three_digits() {
        let of = |text: &str| weighed(text).pop().map(|(_, weight)| weight);
        assert_eq!(of("de;q=0.8"), Some(800));
        assert_eq!(of("de ; q=1.000"), Some(1000));
        assert_eq!(of("de;q=0"), Some(0));
        assert_eq!(of("de;q=2"), Some(0));
        assert_eq!(of("de;q=x"), Some(0));
        assert_eq!(of(" , "), None);
    }
}
