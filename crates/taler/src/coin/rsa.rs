//! Blind RSA signatures over a full-domain hash: what nearly all coins are made of (crypto 10.1
//! to 10.3).
//!
//! A wallet hashes its coin to a number as large as the exchange's modulus, hides that number
//! behind a random factor, has it signed, and takes the factor off again. There is no padding:
//! the hash fills the whole domain instead.
//!
//! Numbers travel big-endian without leading zeros; one signature in 256 is therefore shorter
//! than its modulus. With leading zeros they are read all the same, as others do, but always
//! written, hashed and compared without.
//!
//! Checking works on public values and takes the short way; signing, blinding and unblinding run
//! in a time that does not tell their secrets.

use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::str::FromStr;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::rand_core::{TryCryptoRng, TryRng};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Resize};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::coprime::are_coprime;
use crate::base32::{self, BadBase32, HashCode};
use crate::kdf;

/// Fewest bits of a modulus. Smaller ones can be factored, and then anybody makes money.
pub const MIN_BITS: u32 = 1024;

/// Most bits of a modulus. Larger ones serve only to keep us busy.
pub const MAX_BITS: u32 = 8192;

/// As many bytes as [`MAX_BITS`] are.
const MAX_BYTES: usize = 1024;

/// The public exponent of the keys we make, as everybody's.
const EXPONENT: u64 = 65_537;

/// How often we look for another pair of primes. The first pair is good but for one in 30,000.
const PRIME_PAIRS: u32 = 16;

/// This is no RSA key or number as Taler has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRsa {
    /// The text is not base32.
    #[error("not a base32 text")]
    Text,
    /// The lengths that a key states do not fit its bytes, or a number is empty or too long.
    #[error("not of the length of an RSA key or number")]
    Length,
    /// The modulus is even, or smaller than [`MIN_BITS`], or larger than [`MAX_BITS`].
    #[error("not an RSA modulus of 1024 to 8192 bits")]
    Modulus,
    /// The public exponent is even, below 3, or beyond 64 bits; or the private one does not
    /// belong to the public key.
    #[error("not an RSA exponent that fits")]
    Exponent,
}

impl From<BadBase32> for BadRsa {
    fn from(BadBase32: BadBase32) -> Self {
        Self::Text
    }
}

/// The public key of a denomination. Checked when it is made, and ready to calculate: make it
/// once, and check many coins with it.
///
/// ```
/// use taler::coin::rsa::{BlindingSecret, RsaPrivateKey};
/// use taler::hash;
/// let exchange = RsaPrivateKey::from_seed(&[7; 32], 1024)?;
/// let denomination = exchange.public_key();
/// let (coin, secret) = (hash::sha512(b"a coin's key"), BlindingSecret::new([8; 32]));
///
/// let hidden = denomination.blind(&coin, &secret).unwrap();
/// let signed = exchange.sign_blind(&hidden).unwrap();
/// let signature = denomination.unblind(&signed, &secret).unwrap();
/// assert!(denomination.verify(&coin, &signature));
/// # Ok::<(), taler::coin::rsa::BadRsa>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RsaPublicKey {
    /// The wire form, without leading zeros.
    bytes: Box<[u8]>,
    /// The wire form, ready to salt a hash with.
    salt: Box<kdf::Salt>,
    modulus: BoxedMontyParams,
    exponent: u64,
}

impl RsaPublicKey {
    /// Reads base32 text.
    ///
    /// # Errors
    /// When the text is not base32, and as [`Self::from_bytes`].
    pub fn parse(text: &str) -> Result<Self, BadRsa> {
        Self::from_bytes(&base32::decode(text)?)
    }

    /// Reads the wire form: two lengths, modulus, exponent (crypto 10.1).
    ///
    /// # Errors
    /// When the lengths do not fit exactly, and as [`Self::from_numbers`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadRsa> {
        let (modulus, bytes) = bytes.split_first_chunk().ok_or(BadRsa::Length)?;
        let (exponent, bytes) = bytes.split_first_chunk().ok_or(BadRsa::Length)?;
        let [modulus, exponent] = [modulus, exponent].map(|&n| usize::from(u16::from_be_bytes(n)));
        match bytes.split_at_checked(modulus) {
            Some((modulus, rest)) if rest.len() == exponent => Self::from_numbers(modulus, rest),
            Some(_) | None => Err(BadRsa::Length),
        }
    }

    /// Takes modulus and public exponent, big-endian. Leading zeros are dropped.
    ///
    /// # Errors
    /// When the modulus is even or not of [`MIN_BITS`] to [`MAX_BITS`]; when the exponent is even,
    /// below 3, or beyond 64 bits.
    pub fn from_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, BadRsa> {
        let (modulus, exponent) = (trim(modulus), trim(exponent));
        if modulus.len() > MAX_BYTES {
            return Err(BadRsa::Modulus);
        }
        let number = BoxedUint::from_be_slice_vartime(modulus);
        if !(MIN_BITS..=MAX_BITS).contains(&number.bits_vartime()) {
            return Err(BadRsa::Modulus);
        }
        let number = number.into_odd().into_option().ok_or(BadRsa::Modulus)?;
        if exponent.len() > size_of::<u64>() {
            return Err(BadRsa::Exponent);
        }
        let value = exponent.iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte));
        if value < 3 || value % 2 == 0 {
            return Err(BadRsa::Exponent);
        }
        let lengths = [modulus.len(), exponent.len()].map(u16::try_from);
        let [Ok(modulus_length), Ok(exponent_length)] = lengths else {
            return Err(BadRsa::Length);
        };
        let bytes =
            [&modulus_length.to_be_bytes()[..], &exponent_length.to_be_bytes(), modulus, exponent]
                .concat();
        Ok(Self {
            salt: Box::new(kdf::Salt::new(&bytes)),
            bytes: bytes.into(),
            exponent: value,
            modulus: BoxedMontyParams::new_vartime(number),
        })
    }

    /// The wire form. It is what is hashed, so it has no leading zeros even if what was read had.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Size of the modulus in bits.
    pub fn bits(&self) -> u32 {
        self.modulus.modulus().bits_vartime()
    }

    /// Whether this key signed the message, for a coin [`coin_hash`](super::coin_hash).
    ///
    /// Signatures that are no number below the modulus hold for nothing, and so do all if the
    /// message's full-domain hash shares a factor with the modulus: with a key that is made for it
    /// an exchange could recognise such coins (crypto 10.2).
    pub fn verify(&self, message: &HashCode, signature: &RsaSignature) -> bool {
        // The factor last: it needs to be looked for only here.
        self.spread(message)
            .is_some_and(|hash| self.opens(signature.as_bytes(), &hash) && self.is_coprime(&hash))
    }

    /// Whether `signed`, raised to the public exponent, is `hash`. No number that is not below the modulus is.
    fn opens(&self, signed: &[u8], hash: &[u8]) -> bool {
        let (Some(signed), Some(hash)) = (self.number(signed), self.number(hash)) else {
            return false;
        };
        raise(&BoxedMontyForm::new(signed, &self.modulus), self.exponent).retrieve() == hash
    }

    /// Hides the message behind a factor that grows from the secret, to have it signed.
    ///
    /// `None` if message or secret have a factor in common with the modulus. An honest modulus has
    /// none that can be hit, so do not use this key.
    pub fn blind(&self, message: &HashCode, secret: &BlindingSecret) -> Option<BlindedMessage> {
        let hash = self.full_domain_hash(message)?;
        let hidden = BoxedMontyForm::new(hash, &self.modulus)
            .mul(&raise(&self.factor(secret)?, self.exponent));
        Number::of(&hidden.retrieve()).map(BlindedMessage)
    }

    /// Takes the factor off that [`Self::blind`] put on. Whether what remains is a signature, only
    /// [`Self::verify`] tells.
    ///
    /// `None` if what was signed is no number below the modulus, or the secret cannot be the one
    /// it was blinded with.
    pub fn unblind(
        &self,
        signed: &BlindSignature,
        secret: &BlindingSecret,
    ) -> Option<RsaSignature> {
        let signed = BoxedMontyForm::new(self.number(signed.as_bytes())?, &self.modulus);
        let cover = self.factor(secret)?.invert().into_option()?;
        Number::of(&signed.mul(&cover).retrieve()).map(RsaSignature)
    }

    /// The full-domain hash: the message spread over all numbers below the modulus (crypto 10.2).
    /// `None` if it shares a factor with the modulus.
    fn full_domain_hash(&self, message: &HashCode) -> Option<BoxedUint> {
        self.number(&self.spread(message).filter(|hash| self.is_coprime(hash))?)
    }

    /// The full-domain hash, before it is known to be coprime to the modulus.
    fn spread(&self, message: &HashCode) -> Option<Vec<u8>> {
        self.salt.number_below(self.modulus_bytes(), message.as_ref(), b"RSA-FDA FTpsW!")
    }

    /// The blinding factor (crypto 10.3).
    fn factor(&self, secret: &BlindingSecret) -> Option<BoxedMontyForm> {
        let salt = b"Blinding KDF extractor HMAC key";
        let factor = kdf::kdf_mod(self.modulus_bytes(), salt, secret.0.as_ref(), b"Blinding KDF")?;
        Some(BoxedMontyForm::new(self.number(&factor)?, &self.modulus))
    }

    /// The modulus as it is in the wire form: behind two lengths of two bytes.
    fn modulus_bytes(&self) -> &[u8] {
        let length = usize::try_from(self.bits().div_ceil(8)).unwrap_or_default();
        self.bytes.get(4..).and_then(|bytes| bytes.get(..length)).unwrap_or_default()
    }

    /// The number, as wide as the modulus, if it is below it.
    fn number(&self, number: &[u8]) -> Option<BoxedUint> {
        let number = BoxedUint::from_be_slice(number, self.modulus.bits_precision()).ok()?;
        number.cmp_vartime(self.modulus.modulus().as_ref()).is_lt().then_some(number)
    }

    /// Whether number and modulus have no factor in common.
    fn is_coprime(&self, number: &[u8]) -> bool {
        are_coprime(self.modulus_bytes(), number)
    }
}

/// To the power of a public exponent, by squaring and multiplying: for small exponents with few
/// bits that is half of what a way in constant time needs, and the exponent is known.
fn raise(base: &BoxedMontyForm, exponent: u64) -> BoxedMontyForm {
    let mut power = base.clone();
    for bit in (0..exponent.checked_ilog2().unwrap_or(0)).rev() {
        power = power.square();
        if exponent.unbounded_shr(bit) & 1 == 1 {
            power = power.mul(base);
        }
    }
    power
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for RsaPublicKey {}

impl Hash for RsaPublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

/// The private key of a denomination, for a sandbox. It never shows itself, and is wiped when
/// dropped.
#[derive(Clone)]
pub struct RsaPrivateKey {
    public: RsaPublicKey,
    exponent: Zeroizing<BoxedUint>,
}

impl RsaPrivateKey {
    /// A key of so many bits that grows from 32 random bytes. Looking for its primes takes from
    /// tens of milliseconds to minutes, as its size is. Store the key, not the seed: from the same
    /// seed another version may grow another key.
    ///
    /// # Errors
    /// [`BadRsa::Modulus`] when the size is not [`MIN_BITS`] to [`MAX_BITS`].
    pub fn from_seed(seed: &[u8; 32], bits: u32) -> Result<Self, BadRsa> {
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(BadRsa::Modulus);
        }
        let mut stream = Stream { seed: Zeroizing::new(*seed), block: 0 };
        let half = bits.div_ceil(2);
        (0..PRIME_PAIRS)
            .find_map(|_| {
                let p = prime(&mut stream, half)?;
                let q = prime(&mut stream, bits.saturating_sub(half))?;
                Self::from_primes(&p, &q)
            })
            .ok_or(BadRsa::Modulus)
    }

    /// Takes the private exponent, big-endian, of a public key.
    ///
    /// # Errors
    /// [`BadRsa::Exponent`] when it does not belong to the key.
    pub fn from_exponent(public: RsaPublicKey, exponent: &[u8]) -> Result<Self, BadRsa> {
        let precision = public.modulus.bits_precision();
        let exponent = BoxedUint::from_be_slice(trim(exponent), precision);
        let key =
            Self { public, exponent: Zeroizing::new(exponent.map_err(|_| BadRsa::Exponent)?) };
        let two = BoxedMontyForm::one(&key.public.modulus).double();
        if raise(&two, key.public.exponent).pow(&key.exponent) == two {
            Ok(key)
        } else {
            Err(BadRsa::Exponent)
        }
    }

    /// `None` if the primes are the same, or do not fit our public exponent.
    fn from_primes(p: &BoxedUint, q: &BoxedUint) -> Option<Self> {
        if p == q {
            return None;
        }
        let modulus = p.concatenating_mul(q);
        let [p, q] = [p, q].map(|prime| {
            let one = BoxedUint::one_with_precision(prime.bits_precision());
            Zeroizing::new(prime.wrapping_sub(&one))
        });
        let order = Zeroizing::new(p.concatenating_mul(&*q).into_nz().into_option()?);
        let exponent = BoxedUint::from(EXPONENT).resize(order.bits_precision());
        let exponent = Zeroizing::new(exponent.invert_mod(&order).into_option()?);
        let public =
            RsaPublicKey::from_numbers(&modulus.to_be_bytes(), &EXPONENT.to_be_bytes()).ok()?;
        let exponent = Zeroizing::new(exponent.to_be_bytes());
        Self::from_exponent(public, &exponent).ok()
    }

    /// The key by which others check what this one signed.
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The private exponent, big-endian, to be stored beside the public key and for nothing else.
    pub fn exponent(&self) -> Zeroizing<Box<[u8]>> {
        Zeroizing::new(self.exponent.to_be_bytes())
    }

    /// Signs what a wallet has blinded, without knowing what it is.
    ///
    /// `None` if it is no number below the modulus.
    pub fn sign_blind(&self, blinded: &BlindedMessage) -> Option<BlindSignature> {
        let modulus = &self.public.modulus;
        let blinded = BoxedMontyForm::new(self.public.number(blinded.as_bytes())?, modulus);
        Number::of(&blinded.pow(&self.exponent).retrieve()).map(BlindSignature)
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateKey(***)")
    }
}

/// What a wallet hides a coin with: 32 random bytes, to be kept until the coin is signed. A party
/// that knows them can follow the coin. They never show themselves, and are wiped when dropped.
#[derive(Clone)]
pub struct BlindingSecret(Zeroizing<[u8; 32]>);

impl BlindingSecret {
    /// Takes random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be stored until the coin is signed and for nothing else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BlindingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindingSecret(***)")
    }
}

/// A number above zero, big-endian without leading zeros, of at most [`MAX_BYTES`].
#[derive(Clone, PartialEq, Eq, Hash)]
struct Number(Box<[u8]>);

impl Number {
    fn read(bytes: &[u8]) -> Result<Self, BadRsa> {
        if bytes.len() > MAX_BYTES {
            return Err(BadRsa::Length);
        }
        match trim(bytes) {
            [] => Err(BadRsa::Length),
            number => Ok(Self(number.into())),
        }
    }

    fn of(number: &BoxedUint) -> Option<Self> {
        Self::read(&number.to_be_bytes()).ok()
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])+ $name:ident)*) => {$(
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Number);

        impl $name {
            /// Reads base32 text.
            ///
            /// # Errors
            /// When the text is not base32, and as [`Self::from_bytes`].
            pub fn parse(text: &str) -> Result<Self, BadRsa> {
                Self::from_bytes(&base32::decode(text)?)
            }

            /// Takes a number, big-endian. Leading zeros are dropped.
            ///
            /// # Errors
            /// When it is zero, or longer than the largest modulus.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadRsa> {
                Number::read(bytes).map(Self)
            }

            /// The number, big-endian without leading zeros.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0.0
            }
        }
    )*};
}

numbers! {
    /// A signature as a coin carries it.
    RsaSignature
    /// A message as a wallet sends it to be signed, hidden behind a factor.
    BlindedMessage
    /// The signature over a hidden message, before its factor is taken off.
    BlindSignature
}

macro_rules! is_base32 {
    ($($name:ty)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&base32::encode(self.as_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadRsa;

            fn from_str(text: &str) -> Result<Self, BadRsa> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadRsa;

            fn try_from(text: String) -> Result<Self, BadRsa> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

is_base32! { RsaPublicKey RsaSignature BlindedMessage BlindSignature }

/// Without leading zeros.
fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// A prime of so many bits whose two highest are set, so that the product of two has as many bits
/// as both together.
fn prime(stream: &mut Stream, bits: u32) -> Option<Zeroizing<BoxedUint>> {
    let bits = NonZeroU32::new(bits)?.get();
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, bits, SetBits::TwoMsb).ok()?;
    sieve_and_find(stream, sieve, |_, candidate| is_prime(Flavor::Any, candidate))
        .ok()?
        .map(Zeroizing::new)
}

/// As many random bytes as are wanted, grown from a seed.
struct Stream {
    seed: Zeroizing<[u8; 32]>,
    block: u64,
}

impl Stream {
    /// Takes a new block for every call: bytes are cheap beside the primes that are looked for.
    fn block(&mut self) -> Zeroizing<[u8; 64]> {
        self.block = self.block.wrapping_add(1);
        let salt = b"tilld: a stream for RSA primes";
        Zeroizing::new(kdf::hkdf(salt, self.seed.as_ref(), &self.block.to_be_bytes()))
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for piece in bytes.chunks_mut(64) {
            for (to, from) in piece.iter_mut().zip(*self.block()) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::base32::ShortHash;
    use crate::coin::coin_hash;
    use crate::vectors::{self, Entry};

    const VECTORS: &str = include_str!("../../tests/vectors/rsa_fdh.json");

    static KEY: LazyLock<RsaPrivateKey> =
        LazyLock::new(|| RsaPrivateKey::from_seed(&[1; 32], 1024).unwrap());

    #[test]
    fn every_vector_holds() {
        vectors::each(VECTORS, 34, |entry| match entry.kind() {
            ("flow", "valid") => flow(entry),
            ("verify", "valid") => assert!(verifies(entry), "{}", entry.id()),
            ("verify", "invalid") => assert!(!verifies(entry), "{}", entry.id()),
            ("verify", "lenient") => {
                // The same number with zeros before it is accepted, another number is not.
                let accept = entry.text("recommended").starts_with("accept");
                assert_eq!(verifies(entry), accept, "{}", entry.id());
                assert!(
                    accept || entry.text("recommended").starts_with("reject"),
                    "{}",
                    entry.id()
                );
            }
            ("decode_key", "error") => {
                let key = RsaPublicKey::from_bytes(&entry.hex("rsa_public_key_hex"));
                assert_eq!(key, Err(BadRsa::Length), "{}", entry.id());
                let text = entry.text("rsa_public_key");
                assert_eq!(RsaPublicKey::parse(text), Err(BadRsa::Length), "{}", entry.id());
            }
            ("decode_key", "decodes") => {
                let key: RsaPublicKey = entry.read("rsa_public_key");
                assert_ne!(key.as_bytes(), entry.hex("rsa_public_key_hex"), "{}", entry.id());
                assert_eq!(key.as_bytes()[..5], [1, 0, 0, 3, 0xba], "{}", entry.id());
                assert_eq!(RsaPublicKey::from_bytes(key.as_bytes()), Ok(key), "{}", entry.id());
            }
            _ => entry.unknown(),
        });
    }

    fn verifies(entry: &Entry) -> bool {
        let key: RsaPublicKey = entry.read("rsa_public_key");
        let signature: RsaSignature = entry.read("rsa_signature");
        let bytes = entry.hex("rsa_signature_hex");
        assert_eq!(RsaSignature::from_bytes(&bytes), Ok(signature.clone()), "{}", entry.id());
        key.verify(&hash(entry), &signature)
    }

    fn hash(entry: &Entry) -> HashCode {
        let bytes: [u8; 64] = entry.hex("message_hash_hex").try_into().unwrap();
        HashCode::new(bytes)
    }

    /// From coin to signature, every step with the result that others have.
    fn flow(entry: &Entry) {
        let id = entry.id();
        let public: RsaPublicKey = entry.read("rsa_public_key");
        assert_eq!(public.as_bytes(), entry.hex("rsa_public_key_hex"), "{id}");
        assert_eq!(public.to_string(), entry.text("rsa_public_key"), "{id}");
        assert_eq!(u64::from(public.bits()), entry.number("modulus_bits"), "{id}");
        let numbers = RsaPublicKey::from_numbers(&entry.hex("n_hex"), &entry.hex("e_hex"));
        assert_eq!(numbers.as_ref(), Ok(&public), "{id}");

        let commitment: Option<ShortHash> = entry.read("h_age_commitment");
        let message = coin_hash(&entry.read("coin_pub"), commitment.as_ref());
        assert_eq!(message, hash(entry), "{id}");
        let spread = public.full_domain_hash(&message).unwrap();
        assert_eq!(trim(&spread.to_be_bytes()), trim(&entry.hex("fdh_hex")), "{id}");

        let secret = BlindingSecret::new(entry.hex("blinding_key_secret_hex").try_into().unwrap());
        let blinded = public.blind(&message, &secret).unwrap();
        assert_eq!(blinded.as_bytes(), trim(&entry.hex("blinded_message_hex")), "{id}");
        let private = RsaPrivateKey::from_exponent(public.clone(), &entry.hex("d_hex")).unwrap();
        let signed = private.sign_blind(&blinded).unwrap();
        assert_eq!(signed.as_bytes(), trim(&entry.hex("blind_signature_hex")), "{id}");
        let signature = public.unblind(&signed, &secret).unwrap();
        assert_eq!(signature.as_bytes(), entry.hex("rsa_signature_hex"), "{id}");
        assert_eq!(signature.to_string(), entry.text("rsa_signature"), "{id}");
        let length = usize::try_from(entry.number("rsa_signature_bytes")).unwrap();
        assert_eq!(signature.as_bytes().len(), length, "{id}");
        assert!(verifies(entry), "{id}");
    }

    #[test]
    fn a_modulus_that_shares_a_factor_with_the_hash_is_refused_though_the_numbers_fit() {
        vectors::each(VECTORS, 34, |entry| {
            if !entry.text("note").contains("shares the factor 3") {
                return;
            }
            let key: RsaPublicKey = entry.read("rsa_public_key");
            let signature: RsaSignature = entry.read("rsa_signature");
            let spread = key.spread(&hash(entry)).unwrap();
            assert_eq!(trim(&spread), trim(&entry.hex("fdh_hex")));
            assert!(!key.is_coprime(&spread));
            assert_eq!(key.full_domain_hash(&hash(entry)), None);
            assert_eq!(key.blind(&hash(entry), &BlindingSecret::new([1; 32])), None);
            assert!(!key.verify(&hash(entry), &signature));
        });
    }

    #[test]
    fn a_good_signature_of_a_key_that_could_recognise_coins_is_refused() {
        // The vector has no signature that fits its numbers; this key, with 3 for a prime, has.
        let mut stream = Stream { seed: Zeroizing::new([5; 32]), block: 0 };
        let large = prime(&mut stream, 1024).unwrap();
        let private = RsaPrivateKey::from_primes(&BoxedUint::from(3u8), &large).unwrap();
        let key = private.public_key();
        let (mut good, mut bad) = (0, 0);
        for n in 0..16u8 {
            let message = crate::hash::sha512(&[n]);
            let spread = key.spread(&message).unwrap();
            let signed =
                private.sign_blind(&BlindedMessage(Number::read(&spread).unwrap())).unwrap();
            assert!(key.opens(signed.as_bytes(), &spread));
            let holds = key.verify(&message, &RsaSignature(signed.0));
            assert_eq!(holds, key.is_coprime(&spread));
            if holds { good += 1 } else { bad += 1 }
        }
        assert!(good > 0 && bad > 0, "{good} {bad}");
    }

    #[test]
    fn keys_outside_the_limits_are_refused() {
        let key = |modulus: &[u8], exponent: &[u8]| RsaPublicKey::from_numbers(modulus, exponent);
        let (small, large) = ([0xff; 128], [0xff; MAX_BYTES]);
        assert_eq!(key(&small, &[3]).unwrap().bits(), MIN_BITS);
        assert_eq!(key(&large, &[3]).unwrap().bits(), MAX_BITS);
        assert_eq!(key(&[&[0; 9][..], &large].concat(), &[3]), key(&large, &[0, 0, 3]));

        assert_eq!(key(&[&[0x7f][..], &[0xff; 127]].concat(), &[3]), Err(BadRsa::Modulus));
        assert_eq!(key(&[&[1][..], &large].concat(), &[3]), Err(BadRsa::Modulus));
        assert_eq!(key(&[&small[..], &[0xfe]].concat(), &[3]), Err(BadRsa::Modulus));
        assert_eq!(key(&[], &[3]), Err(BadRsa::Modulus));
        assert_eq!(key(&[0; 128], &[3]), Err(BadRsa::Modulus));

        assert!(key(&small, &[0xff; 8]).is_ok());
        for exponent in [&[][..], &[0], &[1], &[2], &[1, 0], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(key(&small, exponent), Err(BadRsa::Exponent), "{exponent:?}");
        }
    }

    #[test]
    fn numbers_outside_the_modulus_are_neither_signed_nor_unblinded() {
        let public = KEY.public_key();
        let modulus = public.modulus.modulus().to_be_bytes();
        let secret = BlindingSecret::new([2; 32]);
        for bytes in [&modulus[..], &[0xff; 128], &[1; 129], &[1; MAX_BYTES]] {
            assert_eq!(KEY.sign_blind(&BlindedMessage::from_bytes(bytes).unwrap()), None);
            assert_eq!(public.unblind(&BlindSignature::from_bytes(bytes).unwrap(), &secret), None);
        }
        for bytes in [&[][..], &[0; 5], &[1; MAX_BYTES + 1]] {
            assert_eq!(RsaSignature::from_bytes(bytes), Err(BadRsa::Length));
        }
        assert_eq!(RsaSignature::parse("!"), Err(BadRsa::Text));
    }

    #[test]
    fn a_key_grows_from_its_seed_and_can_be_stored() {
        let again = RsaPrivateKey::from_seed(&[1; 32], 1024).unwrap();
        assert_eq!(again.public_key(), KEY.public_key());
        assert_eq!(again.exponent(), KEY.exponent());
        assert_eq!(KEY.public_key().bits(), 1024);
        assert_eq!(KEY.public_key().as_bytes()[..4], [0, 128, 0, 3]);

        let other = RsaPrivateKey::from_seed(&[2; 32], 1025).unwrap();
        assert_eq!(other.public_key().bits(), 1025);
        let stored = RsaPublicKey::parse(&other.public_key().to_string()).unwrap();
        let stored = RsaPrivateKey::from_exponent(stored, &other.exponent()).unwrap();
        let blinded = BlindedMessage::from_bytes(&[7; 100]).unwrap();
        assert_eq!(stored.sign_blind(&blinded), other.sign_blind(&blinded));

        let public = KEY.public_key();
        for exponent in [&other.exponent()[..], &[], &[1], &[0xff; 128]] {
            let key = RsaPrivateKey::from_exponent(public.clone(), exponent);
            assert_eq!(key.err(), Some(BadRsa::Exponent));
        }
        for bits in [0, MIN_BITS - 1, MAX_BITS + 1, u32::MAX] {
            assert_eq!(RsaPrivateKey::from_seed(&[1; 32], bits).err(), Some(BadRsa::Modulus));
        }
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        assert_eq!(format!("{:?}", *KEY), "RsaPrivateKey(***)");
        assert_eq!(format!("{:?}", BlindingSecret::new([7; 32])), "BlindingSecret(***)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_was_signed_blindly_holds_for_its_message_only(
            message: [u8; 32],
            secret: [u8; 32],
            at: prop::sample::Index,
        ) {
            let public = KEY.public_key();
            let message = crate::hash::sha512(&message);
            let secret = BlindingSecret::new(secret);
            let blinded = public.blind(&message, &secret).unwrap();
            let signed = KEY.sign_blind(&blinded).unwrap();
            let signature = public.unblind(&signed, &secret).unwrap();
            prop_assert!(public.verify(&message, &signature));

            let mut bent = *message.as_bytes();
            bent[at.index(64)] ^= 1 << at.index(8);
            prop_assert!(!public.verify(&HashCode::new(bent), &signature));
            let mut bent = signature.as_bytes().to_vec();
            let place = at.index(bent.len());
            bent[place] ^= 1 << at.index(8);
            // A signature of a single byte could become zero; none such is ever seen.
            prop_assert!(!public.verify(&message, &RsaSignature::from_bytes(&bent).unwrap()));
            let wrong = public.unblind(&signed, &BlindingSecret::new([3; 32])).unwrap();
            prop_assert!(!public.verify(&message, &wrong));
            let plain = RsaSignature::from_bytes(signed.as_bytes()).unwrap();
            prop_assert!(!public.verify(&message, &plain));

            prop_assert_eq!(RsaSignature::parse(&signature.to_string()), Ok(signature.clone()));
            let json = serde_json::to_string(&signature).unwrap();
            prop_assert_eq!(serde_json::from_str::<RsaSignature>(&json).unwrap(), signature);
        }

        #[test]
        fn a_key_is_read_as_it_is_written(
            modulus in prop::collection::vec(any::<u8>(), 128..=300),
            exponent in 1u64..,
        ) {
            let mut modulus = modulus;
            modulus[0] |= 0x80;
            *modulus.last_mut().unwrap() |= 1;
            let exponent = (exponent | 3).to_be_bytes();
            let key = RsaPublicKey::from_numbers(&modulus, &exponent).unwrap();
            prop_assert_eq!(RsaPublicKey::from_bytes(key.as_bytes()), Ok(key.clone()));
            prop_assert_eq!(RsaPublicKey::parse(&key.to_string()), Ok(key.clone()));
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<RsaPublicKey>(&json).unwrap(), key);
        }

        #[test]
        fn no_key_signature_or_number_panics(
            modulus in prop::collection::vec(any::<u8>(), 0..400),
            exponent in prop::collection::vec(any::<u8>(), 0..10),
            number in prop::collection::vec(any::<u8>(), 1..400),
            loose in prop::collection::vec(any::<u8>(), 0..600),
            text in "\\PC*",
        ) {
            let _ = RsaPublicKey::parse(&text);
            let _ = RsaSignature::parse(&text);
            let _ = RsaPublicKey::from_bytes(&loose);
            let odd = [&modulus[..], &[1]].concat();
            for modulus in [modulus, odd] {
                let Ok(key) = RsaPublicKey::from_numbers(&modulus, &exponent) else { continue };
                let secret = BlindingSecret::new([4; 32]);
                let _ = key.blind(&HashCode::ZERO, &secret);
                if let Ok(signed) = BlindSignature::from_bytes(&number) {
                    let _ = key.unblind(&signed, &secret);
                }
                if let Ok(signature) = RsaSignature::from_bytes(&number) {
                    prop_assert!(!key.verify(&HashCode::ZERO, &signature));
                }
                prop_assert!(RsaPrivateKey::from_exponent(key, &number).is_err());
            }
        }
    }
}
