//! Routes of the merchant API up to protocol 27 that tilld does not offer yet: 501 with code 76.
//!
//! Clients take 404 for a wrong address: `BTCPay` goes on to try others, Dolibarr says that the
//! credentials are wrong. So these routes exist, check the credentials that the real ones will check,
//! and then answer 501. To implement one, remove its line from the tables `LATER`
//! and `LATER_ROOT` in `mod.rs`.

use super::error::{Answer, Failure};
use super::extract::{Authorized, ExistingInstance};

/// Said of all of them.
const NOT_YET: &str = "tilld does not offer this part of the merchant API yet";

/// A private route, for admitted clients.
pub(super) async fn private(_: Authorized) -> Answer {
    Err(Failure::NotImplemented(NOT_YET))
}

/// A public route of an instance that is there.
pub(super) async fn public(_: ExistingInstance) -> Answer {
    Err(Failure::NotImplemented(NOT_YET))
}
