//! Use cases of machines that show one-time codes (otp 1 to 4): keep them, and make the codes that the wallet
//! of a customer shows who has paid.

use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::otp_device::{MAX_OTP_DEVICES, OtpDevice, OtpDeviceChange, OtpDeviceSerial};
use crate::store::{Tx, otp_devices};
use system::random;
use taler::ids::{OrderId, OtpDeviceId};
use taler::otp::{self, OtpAlgorithm, OtpKey};
use taler::time::Timestamp;
use zeroize::Zeroizing;

/// Bytes of a new key: 160 bits, as RFC 4226 recommends.
const NEW_KEY_BYTES: usize = 20;

impl Till {
    /// Keeps a new device. The same one again is no error.
    ///
    /// # Errors
    /// [`Error::OtpDeviceExists`] when the name has other content, [`Error::TooManyOtpDevices`],
    /// [`Error::InvalidField`].
    pub async fn add_otp_device(
        &self,
        principal: &Principal,
        device: OtpDevice,
    ) -> Result<(), Error> {
        device.check()?;
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                match otp_devices::find(tx, instance, &device.id)? {
                    Some((_, there)) if there == device => return Ok(()),
                    Some(_) => return Err(Error::OtpDeviceExists(device.id)),
                    None => {}
                }
                if otp_devices::count(tx, instance)? >= MAX_OTP_DEVICES {
                    return Err(Error::TooManyOtpDevices);
                }
                Ok(otp_devices::insert(tx, instance, &device)?)
            })
            .await
    }

    /// All devices of the principal's instance, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn otp_devices(&self, principal: &Principal) -> Result<Vec<OtpDevice>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| Ok(otp_devices::list(db, instance)?)).await
    }

    /// One device.
    ///
    /// # Errors
    /// [`Error::OtpDeviceUnknown`].
    pub async fn otp_device(
        &self,
        principal: &Principal,
        id: OtpDeviceId,
    ) -> Result<OtpDevice, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                let found = otp_devices::find(db, instance, &id)?;
                found.map(|(_, device)| device).ok_or(Error::OtpDeviceUnknown)
            })
            .await
    }

    /// Changes a device. Its algorithm cannot change: open orders were made for the old one.
    ///
    /// # Errors
    /// [`Error::OtpDeviceUnknown`], [`Error::OtpAlgorithmFixed`], [`Error::InvalidField`].
    pub async fn change_otp_device(
        &self,
        principal: &Principal,
        id: OtpDeviceId,
        change: OtpDeviceChange,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let found = otp_devices::find(tx, instance, &id)?;
                let (_, there) = found.ok_or(Error::OtpDeviceUnknown)?;
                if change.algorithm.is_some_and(|wanted| wanted != there.algorithm) {
                    return Err(Error::OtpAlgorithmFixed);
                }
                let device = OtpDevice {
                    description: change.description,
                    key: change.key.unwrap_or(there.key),
                    counter: change.counter.unwrap_or(there.counter),
                    ..there
                };
                device.check()?;
                Ok(otp_devices::update(tx, instance, &device)?)
            })
            .await
    }

    /// A key for a device that nobody can guess.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn new_otp_key(&self) -> Result<OtpKey, Error> {
        let bytes = Zeroizing::new(random::<NEW_KEY_BYTES>()?);
        OtpKey::from_bytes(&*bytes).map_err(|_| Error::NoRandomness)
    }

    /// Gives a device another key, and with it perhaps another algorithm (decision 166): the machine is set up
    /// anew. Templates and orders keep the device, and give codes of the new key.
    ///
    /// # Errors
    /// [`Error::OtpDeviceUnknown`].
    pub async fn renew_otp_device(
        &self,
        principal: &Principal,
        id: OtpDeviceId,
        key: OtpKey,
        algorithm: OtpAlgorithm,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let found = otp_devices::find(tx, instance, &id)?;
                let (_, there) = found.ok_or(Error::OtpDeviceUnknown)?;
                Ok(otp_devices::update(tx, instance, &OtpDevice { key, algorithm, ..there })?)
            })
            .await
    }

    /// Deletes a device. Orders and templates that name it stay, and give no more codes.
    ///
    /// # Errors
    /// [`Error::OtpDeviceUnknown`].
    pub async fn delete_otp_device(
        &self,
        principal: &Principal,
        id: OtpDeviceId,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match otp_devices::delete(tx, instance, &id)? {
                true => Ok(()),
                false => Err(Error::OtpDeviceUnknown),
            })
            .await
    }

    /// The name of the device whose codes the customer of an order gets.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn otp_device_of(
        &self,
        principal: &Principal,
        order_id: &OrderId,
    ) -> Result<Option<OtpDeviceId>, Error> {
        let instance = principal.instance.serial;
        let found = self.store.read_in_place(|db| otp_devices::of_order(db, instance, order_id))?;
        Ok(found.map(|device| device.id))
    }

    /// The codes of a paid order, for its customer (otp 3): those of the time of the payment, whenever they
    /// are asked for. A receipt that is shown a day later must not have the codes of that day. `None` for an
    /// order without a device, for one whose device makes no codes, and while it is not paid.
    pub(super) fn pos_confirmation(
        &self,
        instance: InstanceSerial,
        order_id: &OrderId,
        has_otp_device: bool,
    ) -> Result<Option<String>, Error> {
        if !has_otp_device {
            return Ok(None);
        }
        let found = self.store.read_in_place(|db| otp_devices::of_order(db, instance, order_id))?;
        Ok(found.and_then(|device| {
            let paid_at: Timestamp = device.paid_at?;
            otp::confirmation(&device.key, device.algorithm, Some(&device.price), paid_at)
        }))
    }
}

/// The number of the device of this name, for what names it.
///
/// # Errors
/// [`Error::OtpDeviceUnknown`].
pub(super) fn named(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: Option<&OtpDeviceId>,
) -> Result<Option<OtpDeviceSerial>, Error> {
    let Some(id) = id else { return Ok(None) };
    let (serial, _) = otp_devices::find(tx, instance, id)?.ok_or(Error::OtpDeviceUnknown)?;
    Ok(Some(serial))
}
