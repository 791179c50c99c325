//! Signatures: Ed25519 keys, and messages that say what they were signed for (crypto 5).
//!
//! Taler never signs bare bytes. A message starts with its own size and a number that names
//! its purpose, so that a signature for one thing can never be shown as one for another.
//! Verification is the strict one: what an exchange would refuse, we refuse.
//!
//! The statements are in modules by their signer: [`merchant`], [`wallet`],
//! [`exchange`]. Each message is a [`Statement`] with the fields of its layout, so that signer
//! and verifier cannot disagree about their order. Times are microseconds and amounts
//! are their 24 bytes, as the domain gives them.

pub mod exchange;
pub mod merchant;
pub mod wallet;

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::base32::{BadBase32, Bytes};

/// What a signature is for (crypto 13). Its number is the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// The exchange's master key states fees that concern no merchant.
    MasterGlobalFees = 1022,
    /// The exchange's master key signs a signing key.
    MasterSigningKey = 1024,
    /// The exchange's master key signs a denomination.
    MasterDenomination = 1025,
    /// The exchange's master key states what transfers cost.
    MasterWireFees = 1028,
    /// The exchange's master key states a bank account of the exchange.
    MasterAccount = 1030,
    /// The exchange's master key states what the exchange does beyond the plain protocol.
    MasterExtensions = 1031,
    /// The exchange confirms a deposit.
    ExchangeDeposit = 1033,
    /// The exchange confirms that a coin was melted.
    ExchangeMelt = 1034,
    /// The exchange signs its list of denominations.
    ExchangeKeySet = 1035,
    /// The exchange says with which transfer it paid out a deposit.
    ExchangeWire = 1036,
    /// The exchange says which deposits a transfer paid out.
    ExchangeTransfer = 1037,
    /// The exchange confirms a refund.
    ExchangeRefund = 1038,
    /// The exchange states that it does not know a denomination.
    ExchangeDenominationUnknown = 1042,
    /// The exchange states that a denomination is not valid now.
    ExchangeDenominationExpired = 1043,
    /// The merchant offers a contract.
    MerchantContract = 1101,
    /// The merchant asks the exchange to refund a coin.
    MerchantRefund = 1102,
    /// The merchant asks for the state of a deposit.
    MerchantTrackTransaction = 1103,
    /// The merchant confirms that a contract is paid.
    MerchantPaymentOk = 1104,
    /// A reserve's owner withdraws coins.
    WalletReserveWithdraw = 1200,
    /// A coin pays for a contract.
    WalletCoinDeposit = 1201,
    /// A coin is changed into others.
    WalletCoinMelt = 1202,
    /// A coin's owner says which new coins come of it.
    WalletCoinLink = 1204,
    /// A coin's owner is old enough.
    WalletAgeAttestation = 1207,
    /// A coin's owner asks for the coin's history.
    WalletCoinHistory = 1209,
    /// A token is used in a contract.
    WalletTokenUse = 1222,
    /// A wallet gives a claimed order back.
    WalletOrderUnclaim = 1223,
    /// The merchant asks for the state of its identification.
    KycAuth = 1360,
}

impl Purpose {
    /// The number as it is in the message.
    pub const fn number(self) -> u32 {
        #[expect(clippy::as_conversions, reason = "an enum without fields has no other way")]
        {
            self as u32
        }
    }
}

/// A private key: the seed of an Ed25519 key pair. It never shows itself, and is wiped when
/// dropped. What grows from the seed is only made when something is to be signed: shops are looked
/// at a hundred times for each signature.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// The key that grows from these 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// The seed, to be stored and for nothing else.
    pub fn seed(&self) -> &[u8; 32] {
        &self.0
    }

    /// Hands `work` what grows from the seed. Each thread keeps the last one: a shop that signs
    /// once signs often, and growing takes as long as signing.
    fn grown<T>(&self, work: impl FnOnce(&ed25519_dalek::SigningKey) -> T) -> T {
        thread_local! {
            static LAST: RefCell<Option<ed25519_dalek::SigningKey>> = const { RefCell::new(None) };
        }
        LAST.with_borrow_mut(|last| match last {
            Some(key) if key.as_bytes().ct_eq(&*self.0).into() => work(key),
            _ => work(last.insert(ed25519_dalek::SigningKey::from_bytes(&self.0))),
        })
    }

    /// The key by which others check what this one signed.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(Bytes::new(self.grown(|key| key.verifying_key().to_bytes())))
    }

    /// Signs a message of this purpose.
    pub fn sign(&self, purpose: Purpose, body: &[u8]) -> Signature {
        let message = message(purpose.number(), body);
        Signature(Bytes::new(self.grown(|key| key.sign(&message).to_bytes())))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// A public key, 32 bytes. Whether they are a good key shows when a signature is checked: a bad
/// key verifies nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(Bytes<32>);

impl PublicKey {
    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Bytes::new(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Reads base32 text.
    ///
    /// # Errors
    /// When the text is not that of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, BadBase32> {
        Bytes::parse(text).map(Self)
    }

    /// Whether this key made the signature, for this purpose and body. Keys and signatures that a
    /// strict verifier refuses (small order, a scalar out of range) hold for nothing.
    pub fn verify(&self, purpose: Purpose, body: &[u8], signature: &Signature) -> bool {
        self.verify_bytes(&message(purpose.number(), body), signature)
    }

    fn verify_bytes(&self, message: &[u8], signature: &Signature) -> bool {
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(self.as_bytes()) else {
            return false;
        };
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        key.verify_strict(message, &signature).is_ok()
    }
}

/// A signature, 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(Bytes<64>);

impl Signature {
    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(Bytes::new(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        self.0.as_bytes()
    }

    /// Reads base32 text.
    ///
    /// # Errors
    /// When the text is not that of 64 bytes.
    pub fn parse(text: &str) -> Result<Self, BadBase32> {
        Bytes::parse(text).map(Self)
    }
}

macro_rules! is_base32 {
    ($($name:ty)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = BadBase32;

            fn from_str(text: &str) -> Result<Self, BadBase32> {
                Self::parse(text)
            }
        }
    )*};
}

is_base32! { PublicKey Signature }

/// An amount in its binary form (crypto 2.1).
pub type AmountBytes = [u8; 24];

/// A message that is signed: its purpose, and the fields of its layout.
///
/// ```
/// use taler::hash;
/// use taler::sign::merchant::PaymentOk;
/// use taler::sign::{SigningKey, Statement};
/// let key = SigningKey::from_seed([7; 32]);
/// let paid = PaymentOk { h_contract: hash::sha512(b"a contract") };
/// let signature = paid.sign(&key);
/// assert!(paid.verify(&key.public_key(), &signature));
/// ```
pub trait Statement {
    /// What the signature is for.
    const PURPOSE: Purpose;

    /// The fields one after another, without size and purpose.
    fn body(&self) -> Vec<u8>;

    /// Signs the statement.
    fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(Self::PURPOSE, &self.body())
    }

    /// Whether the owner of this key made the statement.
    fn verify(&self, key: &PublicKey, signature: &Signature) -> bool {
        key.verify(Self::PURPOSE, &self.body(), signature)
    }
}

/// The whole signed structure: size, purpose, body.
pub(crate) fn message(purpose: u32, body: &[u8]) -> Vec<u8> {
    // No body comes near four gigabytes; were one to, its size would be wrong and nothing verify.
    let size = u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(8);
    [&size.to_be_bytes(), &purpose.to_be_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{self, Entry};

    /// Tests a statement against a vector signed by `signer`: its bytes, and that the signature is
    /// the one we would make; or, if the entry is to be refused, that it does not hold.
    pub(super) fn holds<S: Statement>(entry: &Entry, statement: &S, signer: &str, member: &str) {
        assert_eq!(u64::from(S::PURPOSE.number()), entry.number("purpose"), "{}", entry.id());
        let public: PublicKey = entry.read(&format!("{signer}_pub"));
        let signature: Signature = entry.read(member);
        match entry.text("expect") {
            "valid" => {
                let text = message(S::PURPOSE.number(), &statement.body());
                assert_eq!(text, entry.hex("signed_message_hex"), "{}", entry.id());
                assert!(statement.verify(&public, &signature), "{}", entry.id());
                let key = SigningKey::from_seed(*entry.bytes(&format!("{signer}_priv")).as_bytes());
                assert_eq!(key.public_key(), public, "{}", entry.id());
                assert_eq!(statement.sign(&key), signature, "{}", entry.id());
            }
            "invalid" => assert!(!statement.verify(&public, &signature), "{}", entry.id()),
            _ => entry.unknown(),
        }
    }

    /// Tests that a statement does not hold, though the signature is a good one for `body`, an
    /// older layout of the same purpose.
    pub(super) fn is_outdated<S: Statement>(
        entry: &Entry,
        statement: &S,
        body: &[u8],
        (signer, member): (&str, &str),
    ) {
        assert_eq!(entry.text("expect"), "valid", "{}", entry.id());
        let public: PublicKey = entry.read(&format!("{signer}_pub"));
        let signature: Signature = entry.read(member);
        let text = message(S::PURPOSE.number(), body);
        assert_eq!(text, entry.hex("signed_message_hex"), "{}", entry.id());
        assert!(public.verify(S::PURPOSE, body, &signature), "{}", entry.id());
        assert!(!statement.verify(&public, &signature), "{}", entry.id());
    }

    #[test]
    fn every_vector_of_keys_and_signatures_holds() {
        vectors::each(include_str!("../../tests/vectors/eddsa.json"), 27, |entry| {
            let key = || SigningKey::from_seed(*entry.bytes("priv").as_bytes());
            let public: PublicKey = entry.read("pub");
            match entry.kind() {
                ("public_key", "ok") => assert_eq!(key().public_key(), public, "{}", entry.id()),
                ("sign_raw", "ok") => {
                    let signature = entry.read("sig");
                    let text = entry.hex("message_hex");
                    let ours = Signature::new(key().grown(|key| key.sign(&text).to_bytes()));
                    assert_eq!(ours, signature, "{}", entry.id());
                    assert!(public.verify_bytes(&text, &signature), "{}", entry.id());
                }
                ("sign_purpose", "ok") => {
                    let purpose = u32::try_from(entry.number("purpose")).unwrap();
                    let text = message(purpose, &entry.hex("body_hex"));
                    assert_eq!(text, entry.hex("message_hex"), "{}", entry.id());
                    let signature = entry.read("sig");
                    assert_eq!(
                        Signature::new(key().grown(|key| key.sign(&text).to_bytes())),
                        signature,
                        "{}",
                        entry.id()
                    );
                    assert!(public.verify_bytes(&text, &signature), "{}", entry.id());
                }
                ("verify", "invalid") => {
                    let signature = entry.read("sig");
                    let text = entry.hex("message_hex");
                    assert!(!public.verify_bytes(&text, &signature), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn a_private_key_does_not_show_itself() {
        let key = SigningKey::from_seed([7; 32]);
        assert_eq!(format!("{key:?}"), "SigningKey(***)");
        assert_eq!(key.seed(), &[7; 32]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_signature_holds_for_its_purpose_and_body_only(
            seed: [u8; 32],
            body: Vec<u8>,
            at: prop::sample::Index,
        ) {
            let key = SigningKey::from_seed(seed);
            let public = key.public_key();
            let signature = key.sign(Purpose::MerchantContract, &body);
            prop_assert!(public.verify(Purpose::MerchantContract, &body, &signature));
            prop_assert!(!public.verify(Purpose::MerchantPaymentOk, &body, &signature));
            prop_assert!(!public.verify(Purpose::MerchantContract, &[&body[..], b"x"].concat(), &signature));
            let mut bent = *signature.as_bytes();
            bent[at.index(64)] ^= 1;
            prop_assert!(!public.verify(Purpose::MerchantContract, &body, &Signature::new(bent)));
        }

        #[test]
        fn no_key_or_signature_panics(key: [u8; 32], half: [u8; 32], body: Vec<u8>) {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&half);
            let (key, signature) = (PublicKey::new(key), Signature::new(signature));
            prop_assert!(!key.verify(Purpose::MerchantContract, &body, &signature));
            prop_assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
            prop_assert_eq!(signature.to_string().parse::<Signature>(), Ok(signature));
        }
    }
}
