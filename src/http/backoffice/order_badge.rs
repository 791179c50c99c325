//! The badge with an order's state.

use crate::model::order::{Order, Refunded};
use taler::time::Timestamp;
use ui::Messages;

/// State of an order for the shopkeeper.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OrderBadge {
    /// No wallet has claimed it.
    Unpaid,
    /// A wallet has claimed it and may pay.
    Claimed,
    /// Its time is over.
    Expired,
    /// Paid.
    Paid,
    /// The customer has yet to fetch a refund.
    RefundWaits,
    /// An exchange has refused a refund for good: the shop must give it back in another way.
    RefundRefused,
    /// Some of it was refunded.
    PartlyRefunded,
    /// All of it was refunded.
    Refunded,
}

impl OrderBadge {
    pub(super) fn of(order: &Order, now: Timestamp) -> Self {
        match (&order.paid, order.refunded()) {
            (None, _) if order.is_expired(now) => Self::Expired,
            (None, _) if order.claim.is_some() => Self::Claimed,
            (None, _) => Self::Unpaid,
            (Some(_), Refunded::No) => Self::Paid,
            (Some(_), _) if order.is_refund_pending() => Self::RefundWaits,
            (Some(_), _) if order.refund_refused.is_some() => Self::RefundRefused,
            (Some(_), Refunded::Partly) => Self::PartlyRefunded,
            (Some(_), Refunded::Wholly) => Self::Refunded,
        }
    }

    /// The word.
    pub(super) fn word(self, messages: &Messages) -> &'static str {
        match self {
            Self::Unpaid => messages.is_unpaid,
            Self::Claimed => messages.is_claimed,
            Self::Expired => messages.is_expired,
            Self::Paid => messages.is_paid,
            Self::RefundWaits => messages.refund_waits,
            Self::RefundRefused => messages.refund_refused,
            Self::PartlyRefunded => messages.is_partly_refunded,
            Self::Refunded => messages.is_refunded,
        }
    }

    /// The class of its mark.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Unpaid | Self::Claimed => "open",
            Self::Expired | Self::RefundRefused => "over",
            Self::Paid => "paid",
            Self::RefundWaits | Self::PartlyRefunded | Self::Refunded => "back",
        }
    }
}
