//! The sandbox exchange on a thread of this process, and coins out of it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use actix_web::{App, HttpServer, web};
use playground::sandbox::{Sandbox, Settings};
use serde_json::{Value, json};
use system::clock::Clock;
use taler::amount::{Amount, Currency};
use taler::base32::HashCode;
use taler::coin::age::AgeMask;
use taler::coin::coin_hash;
use taler::coin::denomination::{DenominationKey, envelope_hash};
use taler::coin::rsa::{BlindSignature, BlindingSecret, RsaPublicKey, RsaSignature};
use taler::exchange::{Denomination, Keys, Trusted};
use taler::sign::wallet::{DepositPermission, ReserveWithdraw};
use taler::sign::{SigningKey, Statement};
use taler::web::BaseUrl;

use crate::harness::client::{Conn, get, post};

const PREFIX: &str = "/sandbox-exchange";
/// Most coins in one withdrawal.
const BATCH: usize = 32;

/// The exchange, and the kind of coin that is spent here.
pub(crate) struct Exchange {
    address: SocketAddr,
    trusted: Trusted,
    kind: Kind,
}

struct Kind {
    h_denom: HashCode,
    key: RsaPublicKey,
    price: Amount,
    fee_deposit: Amount,
}

/// A coin worth one KUDOS.
pub(crate) struct Coin {
    key: SigningKey,
    signature: RsaSignature,
}

impl Exchange {
    /// Starts it with a file in `folder`, and waits for its keys.
    pub(crate) async fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = BaseUrl::parse(format!("http://{address}{PREFIX}/")).unwrap();
        let currency = Currency::parse("KUDOS").unwrap();
        let settings = Settings::demo(currency, base_url.clone()).unwrap();
        let clock = Clock::system();
        let sandbox = Sandbox::open(&folder.join("sandbox.db"), settings, clock.clone()).unwrap();
        let master_public_key = sandbox.master_public_key();
        let served = sandbox.clone();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new().service(web::scope(PREFIX).service(served.routes()))
                });
                let server = server.workers(1).disable_signals().listen(listener).unwrap();
                server.run().await.unwrap();
            });
        });
        sandbox.await_keys();
        let trusted = Trusted { base_url, master_public_key, currency };
        let mut conn = Conn::open(address).await;
        assert_eq!(conn.ask(&get(&format!("{PREFIX}/keys"))).await, 200);
        let keys = Keys::read(&trusted, conn.body()).unwrap();
        let one = Amount::parse("KUDOS:1").unwrap();
        let now = clock.now();
        let fits =
            |d: &&Denomination| d.value == one && d.ages == AgeMask::NONE && d.is_issued(now);
        let kind = keys.denominations().find(fits).unwrap();
        let DenominationKey::Rsa(key) = &kind.key else { panic!("the sandbox signs with RSA") };
        let kind = Kind {
            h_denom: kind.h_denom,
            key: key.clone(),
            price: kind.value.checked_add(&kind.fees.withdraw).unwrap(),
            fee_deposit: kind.fees.deposit,
        };
        Self { address, trusted, kind }
    }

    /// The settings of a till that takes its coins.
    pub(crate) fn settings(&self) -> String {
        let Trusted { base_url, master_public_key, currency } = &self.trusted;
        format!(
            "[[exchange]]\nbase_url = \"{base_url}\"\nmaster_public_key = \"{master_public_key}\"\n\
             currency = \"{currency}\"\n"
        )
    }

    /// Withdraws coins.
    pub(crate) async fn coins(&self, count: usize) -> Vec<Coin> {
        let mut conn = Conn::open(self.address).await;
        let mut coins = Vec::with_capacity(count);
        while coins.len() < count {
            coins.extend(self.batch(&mut conn, BATCH.min(count - coins.len())).await);
        }
        coins
    }

    async fn batch(&self, conn: &mut Conn, count: usize) -> Vec<Coin> {
        let fresh = || SigningKey::from_seed(system::random().unwrap());
        let reserve = fresh();
        let amount = self.kind.price.checked_mul(count.try_into().unwrap()).unwrap();
        let body = json!({ "reserve_pub": reserve.public_key(), "amount": amount }).to_string();
        conn.get(&post(&format!("{PREFIX}/sandbox/reserves"), &body)).await;
        let (h_denom, denomination) = (self.kind.h_denom, &self.kind.key);
        let hidden: Vec<_> = (0..count)
            .map(|_| {
                let (key, secret) = (fresh(), BlindingSecret::new(system::random().unwrap()));
                let message = coin_hash(&key.public_key(), None);
                let blinded = denomination.blind(&message, &secret).unwrap();
                (key, secret, blinded)
            })
            .collect();
        let planchet = |(_, _, blinded): &(SigningKey, BlindingSecret, _)| {
            let wish = ReserveWithdraw {
                amount_with_fee: self.kind.price.to_nbo(),
                h_denom,
                h_coin_ev: envelope_hash(&h_denom, blinded),
            };
            json!({
                "denom_pub_hash": h_denom,
                "coin_ev": { "cipher": "RSA", "rsa_blinded_planchet": blinded },
                "reserve_sig": wish.sign(&reserve),
            })
        };
        let planchets: Vec<Value> = hidden.iter().map(planchet).collect();
        let body = json!({ "planchets": planchets }).to_string();
        let path = format!("{PREFIX}/reserves/{}/batch-withdraw", reserve.public_key());
        let answer = conn.get(&post(&path, &body)).await;
        let signed = answer["ev_sigs"].as_array().unwrap().iter();
        hidden
            .into_iter()
            .zip(signed)
            .map(|((key, secret, _), signed)| {
                let text = signed["ev_sig"]["blinded_rsa_signature"].as_str().unwrap();
                let signed = BlindSignature::parse(text).unwrap();
                Coin { key, signature: denomination.unblind(&signed, &secret).unwrap() }
            })
            .collect()
    }

    /// The body of a payment for a contract, all of each coin.
    pub(crate) fn payment(&self, contract: &Value, h_contract: HashCode, coins: &[Coin]) -> String {
        let text = |name: &str| contract[name].as_str().unwrap();
        let micros = |name: &str| contract[name]["t_s"].as_u64().unwrap() * 1_000_000;
        let one = Amount::parse("KUDOS:1").unwrap();
        let coin = |coin: &Coin| {
            let permission = DepositPermission {
                h_contract,
                h_age_commitment: None,
                h_policy: None,
                h_wire: text("h_wire").parse().unwrap(),
                h_denom: self.kind.h_denom,
                timestamp_us: micros("timestamp"),
                refund_deadline_us: micros("refund_deadline"),
                contribution: one.to_nbo(),
                deposit_fee: self.kind.fee_deposit.to_nbo(),
                merchant_pub: text("merchant_pub").parse().unwrap(),
                wallet_data_hash: None,
            };
            json!({
                "coin_pub": coin.key.public_key(),
                "coin_sig": permission.sign(&coin.key),
                "ub_sig": { "cipher": "RSA", "rsa_signature": coin.signature },
                "h_denom": self.kind.h_denom,
                "contribution": one,
                "exchange_url": self.trusted.base_url,
            })
        };
        json!({ "coins": coins.iter().map(coin).collect::<Vec<_>>() }).to_string()
    }
}
