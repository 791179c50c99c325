//! Messages about the last action. The next page shows them, and its address
//! names the message; a forged address can only show one of ours.

use actix_web::HttpRequest;

use ui::Messages;

/// The name of a message in addresses, and its text.
type Message = (&'static str, fn(&Messages) -> &'static str);

const MESSAGES: &[Message] = &[
    ("cancelled", |messages| messages.said_cancelled),
    ("deleted", |messages| messages.said_deleted),
    ("unrecorded", |messages| messages.said_unrecorded),
    ("made", |messages| messages.said_made),
    ("paid", |messages| messages.said_paid),
    ("refunded", |messages| messages.said_refunded),
    ("signed-out", |messages| messages.said_signed_out),
    // Of the shop's settings.
    ("going", |messages| messages.said_going),
    ("gone", |messages| messages.said_gone),
    ("kept", |messages| messages.said_kept),
    ("password-reset", |messages| messages.said_password_reset),
    ("password-changed", |messages| messages.said_password_changed),
    ("revoked", |messages| messages.said_revoked),
    ("exchange-added", |messages| messages.said_exchange_added),
    ("exchange-removed", |messages| messages.said_exchange_removed),
    ("shop-exists", |messages| messages.said_shop_exists),
    ("deleted-cashier", |messages| messages.said_cashier_removed),
    ("till-added", |messages| messages.said_till_added),
    ("deleted-till", |messages| messages.said_till_removed),
    ("resent", |messages| messages.said_resent),
    ("stocked", |messages| messages.said_stocked),
    ("imported", |messages| messages.said_imported),
    ("list-hidden", |messages| messages.said_list_hidden),
];

/// The message that the address of `request` names.
pub(super) fn of(request: &HttpRequest, messages: &Messages) -> Option<&'static str> {
    let pairs = || url::form_urlencoded::parse(request.query_string().as_bytes());
    let (_, said) = pairs().find(|(name, _)| name == "said")?;
    let (_, text) = MESSAGES.iter().find(|(name, _)| *name == said)?;
    Some(text(messages))
}

/// Whether there is a message of this name.
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
