//! What it takes to look at one coin, and the least that libraries need for a part of it.
//!
//! That part is the power alone, 16 squarings and a multiplication by crypto-bigint: the fastest of
//! the well-kept libraries tried (ruint and dashu-int come next, malachite and num-bigint last). A
//! coin takes a full-domain hash and the search for a common factor besides.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048};
use taler::base32::HashCode;
use taler::coin::coin_hash;
use taler::coin::denomination::{CoinSignature, DenominationKey};
use taler::coin::rsa::{BlindingSecret, RsaPrivateKey};
use taler::sign::wallet::DepositPermission;
use taler::sign::{PublicKey, Signature, SigningKey, Statement};

use crate::harness::table::{Bar, Table};

/// Bits of the keys that exchanges use.
const BITS: u32 = 2048;

/// A coin, its denomination, and what it says.
pub(crate) struct Sample {
    denomination: DenominationKey,
    coin: PublicKey,
    ub_sig: CoinSignature,
    permission: DepositPermission,
    coin_sig: Signature,
    bare: FixedMontyForm<{ U2048::LIMBS }>,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let private = RsaPrivateKey::from_seed(&[1; 32], BITS).unwrap();
        let public = private.public_key().clone();
        let key = SigningKey::from_seed([2; 32]);
        let (message, secret) = (coin_hash(&key.public_key(), None), BlindingSecret::new([3; 32]));
        let signed = private.sign_blind(&public.blind(&message, &secret).unwrap()).unwrap();
        let rsa_signature = public.unblind(&signed, &secret).unwrap();
        let modulus = U2048::from_be_slice(&public.as_bytes()[4..4 + 256]);
        let params = FixedMontyParams::new_vartime(Odd::new(modulus).unwrap());
        let mut padded = [0; 256];
        padded[256 - rsa_signature.as_bytes().len()..].copy_from_slice(rsa_signature.as_bytes());
        let bare = FixedMontyForm::new(&U2048::from_be_slice(&padded), &params);
        let permission = DepositPermission {
            h_contract: HashCode::new([4; 64]),
            h_age_commitment: None,
            h_policy: None,
            h_wire: HashCode::new([5; 64]),
            h_denom: HashCode::new([6; 64]),
            timestamp_us: 1,
            refund_deadline_us: 2,
            contribution: [7; 24],
            deposit_fee: [8; 24],
            merchant_pub: key.public_key(),
            wallet_data_hash: None,
        };
        Self {
            denomination: DenominationKey::Rsa(public),
            coin: key.public_key(),
            ub_sig: CoinSignature::Rsa { rsa_signature },
            coin_sig: permission.sign(&key),
            permission,
            bare,
        }
    }

    /// Whether the denomination has made it a coin.
    fn is_coin(&self) -> bool {
        self.denomination.verify(&coin_hash(&self.coin, None), &self.ub_sig)
    }

    /// Whether it pays.
    fn pays(&self) -> bool {
        self.permission.verify(&self.coin, &self.coin_sig)
    }

    /// 16 squarings and a multiplication: all that the exponent 65537 asks for.
    fn raised(&self) -> U2048 {
        let mut power = self.bare;
        for _ in 0..16 {
            power = power.square();
        }
        power.mul(&self.bare).retrieve()
    }

    /// Measures each, in turns; the microseconds that a whole coin takes.
    pub(crate) fn measure(&self, round: Duration, table: &mut Table) -> f64 {
        assert!(self.is_coin() && self.pays());
        let bare = time(round, || {
            black_box(black_box(self).raised());
        });
        let coin = time(round, || assert!(black_box(self).is_coin()));
        let pays = time(round, || assert!(black_box(self).pays()));
        let beside = Some(("17 multiplications", 1_000_000.0 / bare));
        table.add("coins verified/s, RSA 2048", 1_000_000.0 / coin, beside, Bar::TimesAtLeast(0.9));
        table.add("  time of one, µs", coin, Some(("17 multiplications", bare)), Bar::None);
        table.add("time of a deposit permission, µs", pays, None, Bar::None);
        coin + pays
    }
}

/// How long `work` takes, in microseconds.
fn time(round: Duration, work: impl Fn()) -> f64 {
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < round {
        for _ in 0..16 {
            work();
        }
        count += 16;
    }
    started.elapsed().as_secs_f64() * 1_000_000.0 / f64::from(count)
}
