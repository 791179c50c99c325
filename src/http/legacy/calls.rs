//! The table of calls of 2019: methods, paths and permissions.

use super::super::routes::Access::{Private, Public};
use super::super::routes::RouteSpec;
use crate::model::access::Permission::{OrdersRead, OrdersRefund, OrdersWrite};

macro_rules! calls {
    ($($call:ident $method:literal $path:literal $access:expr;)*) => {
        /// What a shop of 2019 can ask for.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Call {
            $(
                #[doc = concat!($method, " ", $path)]
                $call
            ),*
        }

        /// In the order of [`LEGACY`].
        pub(super) const CALLS: &[Call] = &[$(Call::$call),*];

        /// Routes of 2019; each is there in four forms.
        pub const LEGACY: &[RouteSpec] = &[$(RouteSpec { method: $method, path: $path, access: $access }),*];
    };
}

calls! {
    Order        "POST" "/order"          Private(OrdersWrite);
    CheckPayment "GET"  "/check-payment"  Private(OrdersRead);
    Refund       "POST" "/refund"         Private(OrdersRefund);
    History      "GET"  "/history"        Private(OrdersRead);
    PollPayment  "GET"  "/poll-payment"   Public;
    Proposal     "GET"  "/proposal"       Public;
    PickUp       "GET"  "/refund"         Public;
    Pay          "POST" "/pay"            Public;
    Config       "GET"  "/config"         Public;
    TipPickup    "POST" "/tip-pickup"     Public;
    TipPickupGet "GET"  "/tip-pickup"     Public;
    TipAuthorize "POST" "/tip-authorize"  Public;
    TipQuery     "GET"  "/tip-query"      Public;
    TipQueryPost "POST" "/tip-query"      Public;
}
