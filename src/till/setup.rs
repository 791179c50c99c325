//! Creates the first instance in a browser, with the code that the daemon printed at its start,
//! or that a command printed since.
//!
//! Only a hash of the code is stored. It is valid once and for a day, ends when a new one is created,
//! and with the first instance, however that is created. It has 128 random bits; wrong ones are counted
//! with the wrong passwords of `admin`, which limits guessing.

use std::fmt;
use std::net::IpAddr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::instance::create;
use super::{Auth, CreateInstance, Error, Principal, Till};
use crate::model::instance::Instance;
use crate::model::invalid_field::InvalidField;
use crate::store::instances;
use crate::store::setup::{self, KeptCode};
use system::random;
use taler::base32::{self, HashCode};
use taler::hash;
use taler::time::{RelativeTime, Timestamp};

/// Validity of a code, in seconds: an operator who starts a daemon sets it up on the same day.
const LIFE_S: u64 = 86_400;

/// The code that makes the first instance. Never shown but by [`SetupCode::reveal`].
pub struct SetupCode(Zeroizing<String>);

impl SetupCode {
    /// The code itself, to be printed for the operator.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why the first instance is not made.
#[derive(Debug)]
pub enum SetupRefusal {
    /// The code is wrong, used, replaced or too old.
    Code,
    /// There is an instance already.
    Over,
    /// Something else.
    Till(Error),
}

impl From<Error> for SetupRefusal {
    fn from(error: Error) -> Self {
        Self::Till(error)
    }
}

impl From<crate::store::Error> for SetupRefusal {
    fn from(error: crate::store::Error) -> Self {
        Self::Till(error.into())
    }
}

/// The hash of a code, however it was typed: letters count in either case, and what some copy along
/// with it (blanks, hyphens) does not count.
fn hash_of(code: &str) -> HashCode {
    let plain = code.chars().filter(|c| c.is_ascii_alphanumeric());
    let plain: Zeroizing<String> = Zeroizing::new(plain.collect::<String>().to_ascii_uppercase());
    hash::sha512(plain.as_bytes())
}

/// Whether `code` is the stored one and has not expired.
fn is_good(kept: Option<&KeptCode>, code: &HashCode, now: Timestamp) -> bool {
    kept.is_some_and(|kept| {
        bool::from(kept.hash.as_bytes().as_slice().ct_eq(code.as_bytes().as_slice()))
            && now < kept.expires_at
    })
}

impl Till {
    /// Whether there is no instance yet, not even a deleted one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_without_instance(&self) -> Result<bool, Error> {
        Ok(!self.store.read_in_place::<_, Error>(|db| Ok(instances::is_any(db)?))?)
    }

    /// A new code for the first instance, in place of the one before; `None` if there is an instance.
    ///
    /// # Errors
    /// [`Error::NoRandomness`], [`Error::Store`].
    pub async fn new_setup_code(&self) -> Result<Option<SetupCode>, Error> {
        if !self.is_without_instance()? {
            return Ok(None);
        }
        let code = SetupCode(Zeroizing::new(base32::encode(&random::<16>()?)));
        let life = RelativeTime::from_secs(LIFE_S).map_err(|_| InvalidField("duration"))?;
        let kept = KeptCode {
            hash: hash_of(code.reveal()),
            expires_at: self.clock.now().saturating_add(life),
        };
        let made = self.store.write::<_, Error>(move |tx| {
            if instances::is_any(tx)? {
                return Ok(false);
            }
            setup::keep_code(tx, &kept)?;
            Ok(true)
        });
        Ok(made.await?.then_some(code))
    }

    /// Creates the first instance for a client with the code; `peer` is the client's address, by which
    /// attempts are counted.
    ///
    /// # Errors
    /// [`SetupRefusal`].
    pub async fn set_up(
        &self,
        code: &str,
        wish: CreateInstance,
        client: Option<IpAddr>,
    ) -> Result<Instance, SetupRefusal> {
        let (code, now) = (hash_of(code), self.clock.now());
        let (kept, is_any) = self
            .store
            .read_in_place::<_, Error>(|db| Ok((setup::code(db)?, instances::is_any(db)?)))?;
        if is_any {
            return Err(SetupRefusal::Over);
        }
        // Before the password is hashed, which is too expensive for clients without a valid code.
        let is_right = is_good(kept.as_ref(), &code, now);
        if !self.passwords.attempt_code(client, is_right).await? {
            return Err(SetupRefusal::Code);
        }
        let CreateInstance { id, settings, auth } = wish;
        settings.check().map_err(Error::from)?;
        let hash = match auth {
            Some(Auth::Password(password)) => Some(self.passwords.hash(password).await?),
            Some(Auth::Token(_)) | None => None,
        };
        let new = create(id, settings, hash, now)?;
        let made = self.store.write::<_, SetupRefusal>(move |tx| {
            // Another request may have created it meanwhile.
            if instances::is_any(tx)? {
                return Err(SetupRefusal::Over);
            }
            if !is_good(setup::code(tx)?.as_ref(), &code, now) {
                return Err(SetupRefusal::Code);
            }
            instances::insert(tx, &new)?;
            let there = instances::find(tx, &new.id)?;
            there.ok_or_else(|| Error::InstanceUnknown(new.id).into())
        });
        let instance = made.await?;
        log::info!("created instance {}, by the setup link", instance.id);
        Ok(instance)
    }

    /// Whether the principal's shop sees the check list.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn shows_check_list(&self, principal: &Principal) -> Result<bool, Error> {
        let serial = principal.instance.serial;
        Ok(!self
            .store
            .read_in_place::<_, Error>(|db| Ok(setup::is_check_list_hidden(db, serial)?))?)
    }

    /// Hides the check list of the principal's shop.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::InstanceDeleted`] when it went meanwhile.
    pub async fn hide_check_list(&self, principal: &Principal) -> Result<(), Error> {
        let (serial, id, now) =
            (principal.instance.serial, principal.instance.id.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                super::alive(instances::find(tx, &id)?, &id)?;
                Ok(setup::hide_check_list(tx, serial, now)?)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_however_it_is_typed_and_until_its_time_is_over() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        let kept = KeptCode { hash: hash_of("ABC123"), expires_at: at(100) };
        let good = |code: &str, now| is_good(Some(&kept), &hash_of(code), at(now));
        for code in ["ABC123", " abc-123\n", "AbC 123"] {
            assert!(good(code, 99), "{code}");
        }
        assert!(!good("ABC123", 100), "its time is over");
        assert!(!good("ABC124", 99) && !good("", 99));
        assert!(!is_good(None, &hash_of("ABC123"), at(0)));
    }
}
