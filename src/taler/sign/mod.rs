//! EdDSA keys, and messages signed for one purpose only (crypto 5).
//!
//! Every signed message starts with its own length and a number that says what for, so that a
//! signature made for one thing never passes for another. What stands behind that header is laid
//! out by who signs: `merchant`, `wallet`, `exchange`.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::base32::{BadBase32, Bytes};

/// What a signature is for (crypto 13). The numbers are the registry's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Purpose {
    /// The exchange's fees for what is no payment, by its master key.
    MasterGlobalFees = 1022,
    /// A signing key of the exchange, by its master key.
    MasterSigningKey = 1024,
    /// A denomination of the exchange, by its master key.
    MasterDenomination = 1025,
    /// The exchange's fees for wire transfers, by its master key.
    MasterWireFees = 1028,
    /// A bank account of the exchange, by its master key.
    MasterWireDetails = 1030,
    /// Coins were deposited, says the exchange.
    ExchangeConfirmDeposit = 1033,
    /// The list of keys is complete, says the exchange.
    ExchangeKeySet = 1035,
    /// A deposit was wired, says the exchange.
    ExchangeConfirmWire = 1036,
    /// A wire transfer was made of these deposits, says the exchange.
    ExchangeConfirmWireDeposit = 1037,
    /// A coin was refunded, says the exchange.
    ExchangeConfirmRefund = 1038,
    /// The shop offers this contract.
    MerchantContract = 1101,
    /// The shop gives a coin's value back.
    MerchantRefund = 1102,
    /// The shop asks what became of a deposit.
    MerchantTrackTransaction = 1103,
    /// The shop was paid.
    MerchantPaymentOk = 1104,
    /// The customer spends a coin.
    WalletCoinDeposit = 1201,
    /// The wallet gives a claimed order back.
    WalletOrderUnclaim = 1223,
    /// The account's owner speaks.
    KycAuth = 1360,
}

impl Purpose {
    /// The number.
    pub fn number(self) -> u32 {
        #[expect(clippy::as_conversions, reason = "the discriminants are the numbers")]
        let number = self as u32;
        number
    }

    /// The whole message: length, purpose, `body`.
    pub fn message(self, body: &[u8]) -> Vec<u8> {
        // No layout of the protocol comes near 4 GiB.
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(8);
        [&length.to_be_bytes()[..], &self.number().to_be_bytes(), body].concat()
    }
}

/// A private key. Wiped from memory when dropped, never shown.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key that grows from these 32 bytes, which must be random.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// The bytes from which the key grew, for the store alone.
    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// What its signatures are verified with.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(Bytes::new(self.0.verifying_key().to_bytes()))
    }

    /// Signs `body` for `purpose`.
    pub fn sign(&self, purpose: Purpose, body: &[u8]) -> Signature {
        Signature(Bytes::new(self.0.sign(&purpose.message(body)).to_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

macro_rules! bytes_type {
    ($(#[$doc:meta])* $name:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(transparent)]
        pub struct $name(Bytes<$size>);

        impl $name {
            /// The value of these bytes; whether they are a point on the curve is seen when
            /// something is verified.
            pub const fn from_bytes(bytes: [u8; $size]) -> Self {
                Self(Bytes::new(bytes))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $size] {
                self.0.as_bytes()
            }

            /// The value that `text` spells.
            ///
            /// # Errors
            /// [`BadBase32`] unless it has just the right length.
            pub fn parse(text: &str) -> Result<Self, BadBase32> {
                Bytes::parse(text).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = BadBase32;

            fn from_str(text: &str) -> Result<Self, BadBase32> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

bytes_type!(
    /// A public key (EdDSA, 32 bytes).
    PublicKey, 32
);
bytes_type!(
    /// A signature (EdDSA, 64 bytes).
    Signature, 64
);

impl PublicKey {
    /// Did this key's owner sign `body` for `purpose`? As strict as libsodium (crypto 5).
    pub fn verify(&self, purpose: Purpose, body: &[u8], signature: &Signature) -> bool {
        self.verify_raw(&purpose.message(body), signature)
    }

    /// Did this key's owner sign this very message? Only for messages with a header of their own.
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        VerifyingKey::from_bytes(self.as_bytes())
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}
