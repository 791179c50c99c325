//! The wallet's side of a refresh, written from the formulas of real-wallets 5.1 and 5.3 and the draft
//! LSD0009. It uses nothing of `taler::coin::refresh` and none of its statements, so that exchange and
//! wallet are not wrong alike.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use serde_json::{Value, json};
use taler::amount::Amount;
use taler::base32::{self, ShortHash};
use taler::coin::denomination::CoinSignature;
use taler::coin::rsa::{BlindSignature, BlindingSecret};
use taler::hash;
use taler::kdf::hkdf;
use taler::sign::{PublicKey, Purpose, SigningKey};

use super::{Coin, Denomination};

/// One of the three ways in which the new coins could come about.
struct Row {
    /// One for all coins in the old generation, one a coin in the new one.
    transfer_privs: Vec<[u8; 32]>,
    coins: Vec<NewCoin>,
}

struct NewCoin {
    key: SigningKey,
    blinding: [u8; 32],
    blinded: Vec<u8>,
    h_coin_ev: [u8; 64],
    ages: Option<Vec<PublicKey>>,
}

/// Everything that a wallet says to change a coin.
pub(crate) struct Refresh {
    is_new: bool,
    coin: Coin,
    denominations: Vec<Denomination>,
    old_ages: Option<Vec<PublicKey>>,
    rows: Vec<Row>,
    batch_seeds: Vec<[u8; 64]>,
    /// What it commits to.
    pub(crate) rc: [u8; 64],
    /// What is taken off the coin, all fees included.
    pub(crate) value_with_fee: Amount,
    /// Where the first request goes.
    pub(crate) melt_path: String,
    /// The first request.
    pub(crate) melt: Value,
}

fn text(bytes: &[u8]) -> String {
    base32::encode(bytes)
}

fn sha512(pieces: &[&[u8]]) -> [u8; 64] {
    *hash::sha512(&pieces.concat()).as_bytes()
}

fn public(transfer_priv: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*transfer_priv).to_bytes()
}

/// X25519 of a transfer key and the Montgomery form of the coin's key, hashed.
fn shared(transfer_priv: &[u8; 32], coin: &PublicKey) -> [u8; 64] {
    let coin = CompressedEdwardsY(*coin.as_bytes()).decompress().unwrap().to_montgomery();
    sha512(&[coin.mul_clamped(*transfer_priv).as_bytes()])
}

/// The same from the coin's private key and a public transfer key.
fn shared_of_owner(coin: &SigningKey, transfer_pub: &[u8; 32]) -> [u8; 64] {
    let number: [u8; 32] = sha512(&[coin.seed()])[..32].try_into().unwrap();
    sha512(&[MontgomeryPoint(*transfer_pub).mul_clamped(number).as_bytes()])
}

/// The keys of a new coin's age groups.
fn grown(ages: &[PublicKey], shared: &[u8; 64]) -> Vec<PublicKey> {
    let grow = |key: &PublicKey| {
        let raw: [u8; 64] = hkdf(b"edx25519-derivation", key.as_ref(), shared);
        let point = CompressedEdwardsY(*key.as_bytes()).decompress().unwrap();
        let point = point * Scalar::from_bytes_mod_order_wide(&raw);
        PublicKey::new(point.compress().to_bytes())
    };
    ages.iter().map(grow).collect()
}

fn age_hash(ages: &[PublicKey]) -> ShortHash {
    let all: Vec<&[u8]> = ages.iter().map(AsRef::as_ref).collect();
    ShortHash::new(sha512(&all)[..32].try_into().unwrap())
}

fn new_coin(
    shared: &[u8; 64],
    place: usize,
    denomination: &Denomination,
    old_ages: Option<&[PublicKey]>,
) -> NewCoin {
    let at = u32::try_from(place).unwrap().to_be_bytes();
    let seed: [u8; 32] = hkdf(&at, shared, b"taler-coin-derivation");
    let key = SigningKey::from_seed(hkdf(b"coin", &seed, b""));
    let blinding: [u8; 32] = hkdf(b"bks", &seed, b"");
    let ages = old_ages.map(|ages| grown(ages, shared));
    let mut message = key.public_key().as_bytes().to_vec();
    if let Some(ages) = &ages {
        message.extend(age_hash(ages).as_bytes());
    }
    let secret = BlindingSecret::new(blinding);
    let blinded = denomination.key.blind(&hash::sha512(&message), &secret).unwrap();
    let blinded = blinded.as_bytes().to_vec();
    let h_coin_ev = sha512(&[denomination.h_denom.as_ref(), &[0, 0, 0, 1], &blinded]);
    NewCoin { key, blinding, blinded, h_coin_ev, ages }
}

fn envelope(coin: &NewCoin) -> Value {
    json!({ "cipher": "RSA", "rsa_blinded_planchet": text(&coin.blinded) })
}

impl Refresh {
    /// As since protocol 32 or as up to 25. A coin that knows its owner's age has these keys.
    pub(crate) fn aged(
        is_new: bool,
        coin: &Coin,
        denominations: &[Denomination],
        ages: Option<&[PublicKey]>,
    ) -> Self {
        let prices =
            denominations.iter().map(|one| one.value.checked_add(&one.fee_withdraw).unwrap());
        let cost = prices
            .fold(coin.denomination.fee_refresh, |sum, price| sum.checked_add(&price).unwrap());
        Self::paying(is_new, coin, denominations, ages, cost)
    }

    /// That takes so much off the coin, whatever the new ones cost.
    pub(crate) fn paying(
        is_new: bool,
        coin: &Coin,
        denominations: &[Denomination],
        ages: Option<&[PublicKey]>,
        value_with_fee: Amount,
    ) -> Self {
        let (n, name) = (denominations.len(), coin.key.public_key());
        let seed: [u8; 64] = system::random().unwrap();
        let batches: [u8; 192] = hkdf(b"refresh-batch-seeds", &seed, coin.key.seed());
        let batch_seeds: Vec<[u8; 64]> =
            batches.chunks_exact(64).map(|seed| seed.try_into().unwrap()).collect();
        let mut rows = Vec::new();
        for batch in &batch_seeds {
            // In the old generation the exchange does not care where the keys come from.
            let all: [u8; 32 * 64] = hkdf(b"refresh-transfer-private-keys", batch, b"");
            let keys = all.chunks_exact(32).take(if is_new { n } else { 1 });
            let transfer_privs: Vec<[u8; 32]> = keys.map(|key| key.try_into().unwrap()).collect();
            let coins = denominations.iter().enumerate().map(|(place, denomination)| {
                let key = transfer_privs[if is_new { place } else { 0 }];
                new_coin(&shared(&key, &name), place, denomination, ages)
            });
            rows.push(Row { coins: coins.collect(), transfer_privs: transfer_privs.clone() });
        }
        let amount = value_with_fee.to_nbo();
        let mut input: Vec<u8> = Vec::new();
        if is_new {
            input.extend(seed);
            input.extend([0; 32]);
            input.extend(name.as_bytes());
            input.extend(amount);
            for row in &rows {
                let hashes: Vec<&[u8]> = row.coins.iter().map(|coin| &coin.h_coin_ev[..]).collect();
                input.extend(sha512(&hashes));
            }
        } else {
            rows.iter().for_each(|row| input.extend(public(&row.transfer_privs[0])));
            denominations.iter().for_each(|one| input.extend(one.h_denom.as_bytes()));
            input.extend(name.as_bytes());
            input.extend(amount);
            for coin in rows.iter().flat_map(|row| &row.coins) {
                input.extend([0, 0, 0, 1]);
                input.extend(&coin.blinded);
            }
        }
        let rc = sha512(&[&input]);
        let no_ages = ShortHash::ZERO;
        let body = [
            &rc[..],
            coin.denomination.h_denom.as_ref(),
            coin.h_age_commitment.as_ref().unwrap_or(&no_ages).as_ref(),
            &amount,
            &coin.denomination.fee_refresh.to_nbo(),
        ]
        .concat();
        let confirm_sig = coin.key.sign(Purpose::WalletCoinMelt, &body);
        let (melt_path, mut melt) = match is_new {
            false => (
                format!("coins/{name}/melt"),
                json!({
                    "denom_pub_hash": coin.denomination.h_denom, "denom_sig": coin.ub_sig,
                    "confirm_sig": confirm_sig, "value_with_fee": value_with_fee, "rc": text(&rc),
                }),
            ),
            true => (
                "melt".to_owned(),
                json!({
                    "old_coin_pub": name, "old_denom_pub_h": coin.denomination.h_denom,
                    "old_denom_sig": coin.ub_sig, "refresh_seed": text(&seed),
                    "value_with_fee": value_with_fee, "confirm_sig": confirm_sig,
                    "denoms_h": denominations.iter().map(|one| one.h_denom).collect::<Vec<_>>(),
                    "coin_evs": rows.iter()
                        .map(|row| row.coins.iter().map(envelope).collect::<Vec<_>>())
                        .collect::<Vec<_>>(),
                    "transfer_pubs": rows.iter()
                        .map(|row| row.transfer_privs.iter().map(|key| text(&public(key))).collect())
                        .collect::<Vec<Vec<String>>>(),
                }),
            ),
        };
        if let Some(hash) = &coin.h_age_commitment {
            let name = if is_new { "old_age_commitment_h" } else { "age_commitment_hash" };
            melt[name] = json!(hash);
        }
        Self {
            is_new,
            coin: coin.clone(),
            denominations: denominations.to_vec(),
            old_ages: ages.map(<[_]>::to_vec),
            rows,
            batch_seeds,
            rc,
            value_with_fee,
            melt_path,
            melt,
        }
    }

    /// The second request, and where it goes, when the exchange wants to see all but this candidate.
    pub(crate) fn reveal(&self, hidden: usize) -> (String, Value) {
        let others = || (0..3).filter(|k| *k != hidden);
        let mut body = if self.is_new {
            let seeds: Vec<_> = others().map(|k| text(&self.batch_seeds[k])).collect();
            json!({ "rc": text(&self.rc), "batch_seeds": seeds })
        } else {
            let row = &self.rows[hidden];
            let transfer_pub = public(&row.transfer_privs[0]);
            let link = |(coin, one): (&NewCoin, &Denomination)| {
                let body =
                    [one.h_denom.as_ref(), &transfer_pub, &[0; 32][..], &coin.h_coin_ev].concat();
                self.coin.key.sign(Purpose::WalletCoinLink, &body)
            };
            json!({
                "transfer_pub": text(&transfer_pub),
                "transfer_privs":
                    others().map(|k| text(&self.rows[k].transfer_privs[0])).collect::<Vec<_>>(),
                "coin_evs": row.coins.iter().map(envelope).collect::<Vec<_>>(),
                "new_denoms_h":
                    self.denominations.iter().map(|one| one.h_denom).collect::<Vec<_>>(),
                "link_sigs":
                    row.coins.iter().zip(&self.denominations).map(link).collect::<Vec<_>>(),
            })
        };
        if let Some(ages) = &self.old_ages {
            let name = if self.is_new { "age_commitment" } else { "old_age_commitment" };
            body[name] = json!(ages);
        }
        match self.is_new {
            true => ("reveal-melt".into(), body),
            false => (format!("refreshes/{}/reveal", text(&self.rc)), body),
        }
    }

    /// The new coins, of what the exchange has signed.
    pub(crate) fn coins(&self, hidden: usize, signed: &Value) -> Vec<Coin> {
        let list = signed["ev_sigs"].as_array().unwrap();
        assert_eq!(list.len(), self.denominations.len());
        let coins = self.rows[hidden].coins.iter().zip(&self.denominations).zip(list);
        coins
            .map(|((coin, denomination), signed)| {
                let signed = if self.is_new { signed } else { &signed["ev_sig"] };
                assert_eq!(signed["cipher"], "RSA");
                let signed = signed["blinded_rsa_signature"].as_str().unwrap();
                let signed = BlindSignature::parse(signed).unwrap();
                let secret = BlindingSecret::new(coin.blinding);
                let rsa_signature = denomination.key.unblind(&signed, &secret).unwrap();
                Coin {
                    key: coin.key.clone(),
                    ub_sig: CoinSignature::Rsa { rsa_signature },
                    denomination: denomination.clone(),
                    h_age_commitment: coin.ages.as_ref().map(|ages| age_hash(ages)),
                }
            })
            .collect()
    }

    /// The keys of a new coin's age groups.
    pub(crate) fn ages(&self, hidden: usize, place: usize) -> &[PublicKey] {
        self.rows[hidden].coins[place].ages.as_deref().unwrap()
    }
}

/// The keys of the coins that come of one, found by its owner: by public transfer keys, each for the
/// coin at this place.
pub(crate) fn found(coin: &Coin, transfer_pubs: &[(usize, String)]) -> Vec<PublicKey> {
    let find = |(place, transfer_pub): &(usize, String)| {
        let transfer_pub: [u8; 32] = base32::decode(transfer_pub).unwrap().try_into().unwrap();
        let shared = shared_of_owner(&coin.key, &transfer_pub);
        let at = u32::try_from(*place).unwrap().to_be_bytes();
        let seed: [u8; 32] = hkdf(&at, &shared, b"taler-coin-derivation");
        SigningKey::from_seed(hkdf(b"coin", &seed, b"")).public_key()
    };
    transfer_pubs.iter().map(find).collect()
}
