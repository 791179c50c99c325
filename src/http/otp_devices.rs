//! Handlers of machines that show one-time codes (merchant-api 5.6, otp 1).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use crate::model::otp_device::{OtpDevice, OtpDeviceChange};
use crate::till::Till;
use taler::amount::Amount;
use taler::ids::OtpDeviceId;
use taler::otp::{self, OtpAlgorithm, OtpKey};
use taler::time::Timestamp;

/// `GET /private/otp-devices`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let devices = till.otp_devices(&principal).await?.into_iter();
    let devices = devices.map(|device| OtpDeviceRow {
        otp_device_id: device.id,
        device_description: device.description,
    });
    Ok(HttpResponse::Ok().json(OtpDeviceList { otp_devices: devices.collect() }))
}

/// An instance's devices.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OtpDeviceList {
    /// The devices, the oldest first.
    otp_devices: Vec<OtpDeviceRow>,
}

/// A device in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OtpDeviceRow {
    /// The device's name.
    otp_device_id: OtpDeviceId,
    /// The shop's own note.
    #[cfg_attr(test, schema(value_type = openapi::values::DeviceNote))]
    device_description: String,
}

/// A device to be added.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct NewOtpDevice {
    /// The device's name, unique within the instance.
    otp_device_id: OtpDeviceId,
    /// The shop's own note: up to 1,024 characters.
    #[cfg_attr(test, schema(value_type = openapi::values::DeviceNote))]
    otp_device_description: String,
    /// The secret that the device has too, in base32 of RFC 3548: up to 128 characters. It is never given
    /// out. 26 characters or more are safe.
    otp_key: OtpKey,
    /// How its codes are made: 0 or `NONE`, 1 or `TOTP_WITHOUT_PRICE`, 2 or `TOTP_WITH_PRICE`.
    otp_algorithm: OtpAlgorithm,
    /// A counter, kept for clients; no code depends on it. Without it, 0.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCounter>))]
    otp_ctr: Option<u32>,
}

/// What changes about a device.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OtpDevicePatch {
    /// The shop's own note: up to 1,024 characters.
    #[cfg_attr(test, schema(value_type = openapi::values::DeviceNote))]
    otp_device_description: String,
    /// A new secret, in base32 of RFC 3548. Without it, the old one stays. Orders that are paid later give
    /// codes of the new one.
    otp_key: Option<OtpKey>,
    /// The algorithm. It cannot change: another one than the device has is refused.
    otp_algorithm: Option<OtpAlgorithm>,
    /// A new counter. Without it, the old one stays.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCounter>))]
    otp_ctr: Option<u32>,
}

/// What a device is asked to show.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OtpQuery {
    /// The time on the device's clock, in seconds since 1970. Without it, now.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Seconds>))]
    faketime: Option<String>,
    /// The price that goes into the code of a device with algorithm 2.
    price: Option<Amount>,
}

/// A device, and the code that it shows.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OtpDeviceShown {
    /// The shop's own note.
    #[cfg_attr(test, schema(value_type = openapi::values::DeviceNote))]
    device_description: String,
    /// How its codes are made: 0, 1 or 2.
    otp_algorithm: OtpAlgorithm,
    /// The counter.
    #[cfg_attr(test, schema(value_type = openapi::values::OtpCounter))]
    otp_ctr: u32,
    /// The time of the code, in seconds since 1970.
    #[cfg_attr(test, schema(example = 59))]
    otp_timestamp: u64,
    /// The code of eight digits. Missing with algorithm 0, and with algorithm 2 if no price is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCode>))]
    otp_code: Option<String>,
}

/// `POST /private/otp-devices`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let NewOtpDevice { otp_device_id, otp_device_description, otp_key, otp_algorithm, otp_ctr } =
        body.read().await?;
    let device = OtpDevice {
        id: otp_device_id,
        description: otp_device_description,
        key: otp_key,
        algorithm: otp_algorithm,
        counter: otp_ctr.unwrap_or(0),
    };
    till.add_otp_device(&principal, device).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /private/otp-devices/$DEVICE_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<OtpDeviceId>,
    params: QueryParams,
) -> Answer {
    let OtpQuery { faketime, price } = params.read()?;
    let time = match faketime {
        Some(text) => {
            Timestamp::parse_secs(&text).map_err(|_| Failure::Malformed("faketime".into()))?
        }
        None => till.now(),
    };
    let device = till.otp_device(&principal, id).await?;
    let otp_code = otp::code(&device.key, device.algorithm, price.as_ref(), time);
    Ok(HttpResponse::Ok().json(OtpDeviceShown {
        device_description: device.description,
        otp_algorithm: device.algorithm,
        otp_ctr: device.counter,
        otp_timestamp: time.secs().unwrap_or_default(),
        otp_code,
    }))
}

/// `PATCH /private/otp-devices/$DEVICE_ID`.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<OtpDeviceId>,
    body: Body,
) -> Answer {
    let OtpDevicePatch { otp_device_description, otp_key, otp_algorithm, otp_ctr } =
        body.read().await?;
    let change = OtpDeviceChange {
        description: otp_device_description,
        key: otp_key,
        algorithm: otp_algorithm,
        counter: otp_ctr,
    };
    till.change_otp_device(&principal, id, change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/otp-devices/$DEVICE_ID`.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<OtpDeviceId>,
) -> Answer {
    till.delete_otp_device(&principal, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The device's name.";
    vec![
        get("/private/otp-devices", "The list of machines that show one-time codes")
            .answers::<OtpDeviceList>(200, "The devices."),
        post("/private/otp-devices", "Adds a machine that shows one-time codes")
            .reads::<NewOtpDevice>()
            .done(204, "It is there.")
            .fails(&["InvalidField", "OtpDeviceExists", "TooManyOtpDevices"]),
        get("/private/otp-devices/{id}", "A machine, and the code that it shows")
            .at::<OtpDeviceId>(NAMED)
            .asks::<OtpQuery>()
            .answers::<OtpDeviceShown>(200, "The device.")
            .fails(&["OtpDeviceUnknown"]),
        patch("/private/otp-devices/{id}", "Changes a machine; what is not said stays")
            .at::<OtpDeviceId>(NAMED)
            .reads::<OtpDevicePatch>()
            .done(204, "It is changed.")
            .fails(&["InvalidField", "OtpAlgorithmFixed", "OtpDeviceUnknown"]),
        delete("/private/otp-devices/{id}", "Deletes a machine; its orders give no more codes")
            .at::<OtpDeviceId>(NAMED)
            .done(204, "It is deleted.")
            .fails(&["OtpDeviceUnknown"]),
    ]
}
