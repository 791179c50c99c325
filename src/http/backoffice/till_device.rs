//! Browsers that the owner has made a till: cashiers may sign in there.

use actix_web::HttpRequest;

use super::super::settings::Settings;
use super::cookie::{Cookie, Transport};
use crate::model::cashier::Cashier;
use crate::model::instance::Instance;
use crate::till::{Error, Till};

/// What the browser's cookie says, and whose till it is.
pub(super) fn till_of(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
) -> Result<Option<(String, Instance, Vec<Cashier>)>, Error> {
    let way = Transport::of(request, settings);
    let Some(secret) = Cookie::Device.read(request, &way) else { return Ok(None) };
    let found = till.cashiers_at(&secret)?;
    Ok(found.map(|(instance, cashiers)| (secret, instance, cashiers)))
}

/// Whether cashiers may sign in at this browser, and there are any.
pub(super) fn is_till(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
) -> Result<bool, Error> {
    Ok(till_of(request, till, settings)?.is_some_and(|(.., cashiers)| !cashiers.is_empty()))
}
