//! A machine that shows one-time codes (otp 1). The shop's backend knows its key, so the wallet of a customer
//! who has paid can show the same codes; the machine needs no network.

use super::invalid_field::InvalidField;
use taler::ids::OtpDeviceId;
use taler::otp::{OtpAlgorithm, OtpKey};

/// Most devices of one instance.
pub const MAX_OTP_DEVICES: u32 = 200;

/// Longest description of a device, in characters.
pub const MAX_DEVICE_DESCRIPTION: usize = 1024;

/// Names one device inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OtpDeviceSerial(pub i64);

/// A device as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtpDevice {
    /// The device ID, unique within the instance.
    pub id: OtpDeviceId,
    /// The shop's own note.
    pub description: String,
    /// The secret that the device has too.
    pub key: OtpKey,
    /// How its codes are made. It never changes.
    pub algorithm: OtpAlgorithm,
    /// The counter that the API keeps. No code depends on it.
    pub counter: u32,
}

impl OtpDevice {
    /// Checks lengths.
    ///
    /// # Errors
    /// [`InvalidField`] names the member that is too long.
    pub fn check(&self) -> Result<(), InvalidField> {
        match self.description.chars().count() <= MAX_DEVICE_DESCRIPTION {
            true => Ok(()),
            false => Err(InvalidField("otp_device_description")),
        }
    }
}

/// What shall change about a device; `None` stays as it is.
#[derive(Clone, Debug)]
pub struct OtpDeviceChange {
    /// The shop's own note.
    pub description: String,
    /// The secret.
    pub key: Option<OtpKey>,
    /// The algorithm, which must be the one that the device has.
    pub algorithm: Option<OtpAlgorithm>,
    /// The counter.
    pub counter: Option<u32>,
}
