//! Whether a client has the current answer already: `If-None-Match` (RFC 9110, 13.1.2).

use actix_web::HttpRequest;
use actix_web::http::header::IF_NONE_MATCH;

/// Whether `request` says that its client has the answer that is tagged `"tag"`. Tags are compared
/// weakly, as the RFC has it for this header: `W/"x"` is as good as `"x"`. `*` is any answer. Some
/// clients leave the quotes out (merchant-api 1.10); they are understood.
pub(super) fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let lists = request.headers().get_all(IF_NONE_MATCH).filter_map(|list| list.to_str().ok());
    lists.into_iter().any(|list| names(list, tag))
}

/// Whether `list` names `tag`, or stands for any.
fn names(list: &str, tag: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return false;
        }
        let strong = rest.strip_prefix("W/").unwrap_or(rest);
        // Within quotes a comma is a sign like any other.
        let (named, more) = match strong.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => strong.split_once(',').unwrap_or((strong, "")),
        };
        if named.trim_end() == tag {
            return true;
        }
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_every_list_that_names_it() {
        for list in [
            "\"x\"",
            "W/\"x\"",
            "\"a\", \"x\"",
            "\"a\",W/\"x\",\"b\"",
            "\"a,b\" , \"x\"",
            ", ,\"x\"",
            "x",
            "a, x ",
            "*",
            " * ",
        ] {
            assert!(names(list, "x"), "{list}");
        }
        for list in ["", ",", "\"a\"", "\"a,x\"", "\"xx\"", "w/\"x\"", "\"*\"", "\"a\", *", "\"X\""]
        {
            assert!(!names(list, "x"), "{list}");
        }
    }
}
