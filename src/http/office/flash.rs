//! Messages about what was done just now. The page after it is a page of its own, so its address
//! names the message; whoever makes up such an address can only show one of ours.

use actix_web::HttpRequest;

use ui::Words;

/// The name of a message in addresses, and its text.
type Message = (&'static str, fn(&Words) -> &'static str);

const MESSAGES: &[Message] = &[
    ("cancelled", |words| words.said_cancelled),
    ("deleted", |words| words.said_deleted),
    ("made", |words| words.said_made),
    ("paid", |words| words.said_paid),
    ("refunded", |words| words.said_refunded),
    ("signed-out", |words| words.said_signed_out),
    // Of the shop's settings.
    ("going", |words| words.said_going),
    ("gone", |words| words.said_gone),
    ("kept", |words| words.said_kept),
    ("password-reset", |words| words.said_password_reset),
    ("password-changed", |words| words.said_password_changed),
    ("revoked", |words| words.said_revoked),
    ("exchange-added", |words| words.said_exchange_added),
    ("exchange-removed", |words| words.said_exchange_removed),
    ("list-hidden", |words| words.said_list_hidden),
];

/// The message that the address of `request` names.
pub(super) fn of(request: &HttpRequest, words: &Words) -> Option<&'static str> {
    let pairs = || url::form_urlencoded::parse(request.query_string().as_bytes());
    let (_, said) = pairs().find(|(name, _)| name == "said")?;
    let (_, text) = MESSAGES.iter().find(|(name, _)| *name == said)?;
    Some(text(words))
}

/// Is there a message of this name?
#[cfg(test)]
fn is_known(name: &str) -> bool {
    MESSAGES.iter().any(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_messages_have_one_name() {
        for (name, _) in MESSAGES {
            assert!(is_known(name));
            assert_eq!(MESSAGES.iter().filter(|(other, _)| other == name).count(), 1, "{name}");
        }
    }
}
