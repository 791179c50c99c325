//! Passwords: hashed with argon2id, off the threads that answer, one at a time.
//!
//! A hash takes 19 MiB and some tens of milliseconds on purpose. So that clients cannot use that
//! against a small machine, attempts are counted (`attempts`), and only a few may queue.

use std::fmt;
use std::net::IpAddr;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::Error;
use super::attempts::Attempts;
use crate::model::invalid_field::InvalidField;
use taler::ids::InstanceId;

/// Longest password in characters.
pub(crate) const MAX_PASSWORD: usize = 1024;
/// By how much the NFC form of a text is longer at most, in bytes (UAX 15, section 14).
const MAX_GROWTH: usize = 3;
/// Passwords that may wait for their turn.
const QUEUE: usize = 16;

/// A password as it was typed. Wiped from memory when dropped; never shown.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password of 1 to 1024 characters. Keyboards write the same letter in several ways: it is brought
    /// into the one form NFC (RFC 8265) wherever a password is read, to be set or to be checked.
    ///
    /// # Errors
    /// [`InvalidField`] when it is empty or too long.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidField> {
        let text = Zeroizing::new(text.into());
        let characters = text.chars().count();
        // Taken in one piece, so that no half of it stays behind in memory.
        let mut form = Zeroizing::new(String::with_capacity(text.len().saturating_mul(MAX_GROWTH)));
        if characters <= MAX_PASSWORD {
            form.extend(text.nfc());
        }
        let text = form;
        let fits = (1..=MAX_PASSWORD).contains(&text.chars().count());
        if fits { Ok(Self(text)) } else { Err(InvalidField("password")) }
    }

    /// Whether it is so short that a longer one is advised.
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < 8
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Queues and counts password checks.
pub(super) struct Gate {
    lock: Semaphore,
    queue: Semaphore,
    attempts: Attempts,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            lock: Semaphore::new(1),
            queue: Semaphore::new(QUEUE),
            attempts: Attempts::default(),
        }
    }

    /// Whether `password` matches `hash`. Counts as an attempt on `instance` by `client`,
    /// `None` if its address is unknown; such attempts may have to wait for their turn. A right
    /// password gives the attempt back. No `hash`: no password is right.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait, [`Error::Overloaded`].
    pub(super) async fn attempt(
        &self,
        instance: &InstanceId,
        client: Option<IpAddr>,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let attempt = self.attempts.count(instance, client).await?;
        let is_right = match hash {
            Some(hash) => self.verify(password, hash).await?,
            None => false,
        };
        if is_right {
            self.attempts.give_back(&attempt);
        }
        Ok(is_right)
    }

    /// Counts an attempt at the code that makes the first instance, by `client`, together with those at
    /// the password of `admin`; a right one does not count. Whether it is right.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait.
    pub(super) async fn attempt_code(
        &self,
        client: Option<IpAddr>,
        is_right: bool,
    ) -> Result<bool, Error> {
        let attempt = self.attempts.count(&InstanceId::admin(), client).await?;
        if is_right {
            self.attempts.give_back(&attempt);
        }
        Ok(is_right)
    }

    /// The argon2id hash of `password`, as PHC text.
    pub(super) async fn hash(&self, password: Password) -> Result<String, Error> {
        self.in_turn(move || {
            let hash: PasswordHash = Argon2::default()
                .hash_password(password.0.as_bytes())
                .map_err(|error| Error::PasswordHash(error.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` matches `hash`.
    pub(super) async fn verify(&self, password: Password, hash: String) -> Result<bool, Error> {
        self.in_turn(move || {
            let parsed =
                PasswordHash::new(&hash).map_err(|error| Error::PasswordHash(error.to_string()))?;
            match Argon2::default().verify_password(password.0.as_bytes(), &parsed) {
                Ok(()) => Ok(true),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::PasswordHash(error.to_string())),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.queue.try_acquire().map_err(|_| Error::Overloaded)?;
        let _turn = self.lock.acquire().await.map_err(|_| Error::Overloaded)?;
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Error::PasswordHash(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_hash_opens_to_its_own_password_only() {
        let gate = Gate::new();
        let hash = gate.hash(Password::parse("correct horse").unwrap()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = gate.verify(Password::parse("correct horse").unwrap(), hash.clone()).await;
        assert!(right.unwrap());
        let wrong = gate.verify(Password::parse("battery staple").unwrap(), hash).await;
        assert!(!wrong.unwrap());
        let damaged = gate.verify(Password::parse("x").unwrap(), "$argon2id$x".into()).await;
        assert!(matches!(damaged, Err(Error::PasswordHash(_))));
    }

    #[actix_web::test]
    async fn a_right_password_is_never_one_too_many() {
        let gate = Gate::new();
        let shop = InstanceId::parse("shop").unwrap();
        let client = Some("192.0.2.1".parse().unwrap());
        let hash = gate.hash(Password::parse("correct horse").unwrap()).await.unwrap();
        let attempt = |text: &str| {
            gate.attempt(&shop, client, Password::parse(text).unwrap(), Some(hash.clone()))
        };
        for _ in 0..15 {
            assert!(attempt("correct horse").await.unwrap());
        }
        for _ in 0..10 {
            assert!(!attempt("battery staple").await.unwrap());
        }
        assert!(matches!(attempt("correct horse").await, Err(Error::TooManyAttempts(_))));
    }

    #[actix_web::test]
    async fn whatever_keyboard_wrote_it_a_password_is_the_same() {
        let gate = Gate::new();
        // Composed, decomposed, and with a sign that is another one's twin (the Kelvin sign).
        let forms = ["Zürich Å K", "Zu\u{308}rich A\u{30a} K", "Zürich \u{212b} \u{212a}"];
        for set in forms {
            let hash = gate.hash(Password::parse(set).unwrap()).await.unwrap();
            for typed in forms {
                let typed = Password::parse(typed).unwrap();
                assert!(gate.verify(typed, hash.clone()).await.unwrap(), "{set}");
            }
        }
        // Its length is counted in that form, and one that is too long is refused as before.
        assert!(Password::parse("u\u{308}".repeat(512)).is_ok());
        assert!(Password::parse("\u{1d160}".repeat(1024)).is_err());
        assert!(Password::parse("x".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let password = Password::parse("hunter2").unwrap();
        assert_eq!(format!("{password:?}"), "***");
        assert!(password.is_short());
        assert_eq!(Password::parse("").unwrap_err(), InvalidField("password"));
    }
}
