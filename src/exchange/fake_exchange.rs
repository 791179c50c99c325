//! A fake exchange for tests: an HTTP server with valid keys, which can misbehave on demand.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::EXPIRES;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use taler::amount::Amount;
use taler::base32::{HashCode, Salt};
use taler::exchange::sample::{Sample, after, amount};
use taler::hash;
use taler::sign::exchange::{DepositConfirmation, RefundConfirmation};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::time::Timestamp;

/// How the fake exchange answers one request; by default it answers correctly.
pub(super) enum Turn {
    Says(u16, Value),
    Babbles(u16),
    Sleeps,
    Floods,
    Redirects,
    /// A confirmation signed for another contract.
    Errs,
    /// A confirmation by this key.
    By(SigningKey),
    /// A confirmation of the total with fees.
    WithFees,
}

/// The exchange.
pub(super) struct FakeExchange {
    pub(super) sample: Sample,
    pub(super) keys: Mutex<Value>,
    pub(super) expires_s: Mutex<Option<u64>>,
    pub(super) keys_turns: Mutex<VecDeque<Turn>>,
    turns: Mutex<VecDeque<Turn>>,
    keys_asked: AtomicUsize,
    pub(super) asked: Mutex<Vec<(String, Value)>>,
}

impl FakeExchange {
    pub(super) fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sample = Sample::at(&format!("http://{}/", listener.local_addr().unwrap()));
        let peer = Arc::new(Self {
            keys: Mutex::new(sample.keys()),
            sample,
            expires_s: Mutex::default(),
            keys_turns: Mutex::default(),
            turns: Mutex::default(),
            keys_asked: AtomicUsize::new(0),
            asked: Mutex::default(),
        });
        let data = web::Data::from(peer.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/keys", web::get().to(keys))
                .route("/deposits/{which:.*}", web::get().to(reported))
                .route("/transfers/{which:.*}", web::get().to(reported))
                .route("/kyc-check/{which:.*}", web::get().to(reported))
                .default_service(web::post().to(asked))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::spawn(server);
        peer
    }

    pub(super) fn turn(&self, turns: impl IntoIterator<Item = Turn>) {
        self.turns.lock().unwrap().extend(turns);
    }

    pub(super) fn keys_turn(&self, turns: impl IntoIterator<Item = Turn>) {
        self.keys_turns.lock().unwrap().extend(turns);
    }

    pub(super) fn times_keys_asked(&self) -> usize {
        self.keys_asked.load(Ordering::SeqCst)
    }

    pub(super) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn keys(peer: web::Data<FakeExchange>) -> HttpResponse {
    peer.keys_asked.fetch_add(1, Ordering::SeqCst);
    let turn = peer.keys_turns.lock().unwrap().pop_front();
    if let Some(answer) = odd(&turn).await {
        return answer;
    }
    let mut answer = HttpResponse::Ok();
    if let Some(expires_s) = *peer.expires_s.lock().unwrap() {
        let date = std::time::UNIX_EPOCH + Duration::from_secs(expires_s);
        answer.insert_header((EXPIRES, httpdate::fmt_http_date(date)));
    }
    answer.json(&*peer.keys.lock().unwrap())
}

/// Answers the question about a deposit or a transfer as the test has set it.
async fn reported(peer: web::Data<FakeExchange>, request: HttpRequest) -> HttpResponse {
    peer.asked.lock().unwrap().push((request.path().to_owned(), Value::Null));
    let turn = peer.turns.lock().unwrap().pop_front();
    odd(&turn).await.unwrap_or_else(|| HttpResponse::NotFound().json(json!({ "code": 1100 })))
}

async fn asked(
    peer: web::Data<FakeExchange>,
    request: HttpRequest,
    body: web::Json<Value>,
) -> HttpResponse {
    peer.asked.lock().unwrap().push((request.path().to_owned(), body.0.clone()));
    let turn = peer.turns.lock().unwrap().pop_front();
    if let Some(answer) = odd(&turn).await {
        return answer;
    }
    let key = match &turn {
        Some(Turn::By(key)) => key,
        _ => &peer.sample.signing,
    };
    let hash = |name: &str| -> HashCode { serde_json::from_value(body[name].clone()).unwrap() };
    let contract = match &turn {
        Some(Turn::Errs) => HashCode::ZERO,
        _ => hash("h_contract_terms"),
    };
    let merchant_pub = serde_json::from_value(body["merchant_pub"].clone()).unwrap();
    if request.path().ends_with("/refund") {
        let coin_pub = request.path().split('/').nth(2).unwrap();
        let statement = RefundConfirmation {
            h_contract: contract,
            coin_pub: PublicKey::parse(coin_pub).unwrap(),
            merchant_pub,
            rtransaction_id: body["rtransaction_id"].as_u64().unwrap(),
            amount: amount(body["refund_amount"].as_str().unwrap()).to_nbo(),
        };
        return HttpResponse::Ok().json(json!({
            "exchange_pub": key.public_key(), "exchange_sig": statement.sign(key),
        }));
    }
    let coins = body["coins"].as_array().unwrap();
    let with_fees = matches!(turn, Some(Turn::WithFees));
    let nets = coins.iter().map(|coin| {
        let contribution = amount(coin["contribution"].as_str().unwrap());
        let fee = if with_fees { amount("KUDOS:0") } else { amount("KUDOS:0.02") };
        contribution.checked_sub(&fee).unwrap()
    });
    let nets: Vec<Amount> = nets.collect();
    let coin_sigs = coins.iter().map(|coin| serde_json::from_value(coin["coin_sig"].clone()));
    let coin_sigs: Vec<Signature> = coin_sigs.collect::<Result<_, _>>().unwrap();
    let time = |name: &str| -> Timestamp {
        body.get(name).map_or(Timestamp::ZERO, |t| serde_json::from_value(t.clone()).unwrap())
    };
    let salt: Salt = serde_json::from_value(body["wire_salt"].clone()).unwrap();
    let statement = DepositConfirmation {
        h_contract: contract,
        h_wire: hash::h_wire(body["merchant_payto_uri"].as_str().unwrap(), &salt),
        h_policy: None,
        exchange_timestamp_us: after(9).to_micros(),
        wire_transfer_deadline_us: time("wire_transfer_deadline").to_micros(),
        refund_deadline_us: time("refund_deadline").to_micros(),
        total: Amount::sum(*nets[0].currency(), &nets).unwrap().to_nbo(),
        coin_sigs: &coin_sigs,
        merchant_pub,
    };
    HttpResponse::Ok().json(json!({
        "exchange_timestamp": after(9),
        "exchange_pub": key.public_key(),
        "exchange_sig": statement.sign(key),
    }))
}

async fn odd(turn: &Option<Turn>) -> Option<HttpResponse> {
    match turn.as_ref()? {
        Turn::Says(status, reply) => {
            Some(HttpResponse::build(StatusCode::from_u16(*status).unwrap()).json(reply))
        }
        Turn::Babbles(status) => {
            Some(HttpResponse::build(StatusCode::from_u16(*status).unwrap()).body("<html>"))
        }
        Turn::Sleeps => {
            // The client has long gone when this is over; nobody waits for it.
            actix_web::rt::time::sleep(Duration::from_secs(60)).await;
            None
        }
        Turn::Floods => {
            let piece = web::Bytes::from(vec![b' '; 1 << 20]);
            let pieces = (0..64).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
            Some(HttpResponse::Ok().streaming(futures_util::stream::iter(pieces)))
        }
        Turn::Redirects => {
            let answer = HttpResponse::TemporaryRedirect()
                .insert_header(("Location", "/elsewhere"))
                .finish();
            Some(answer)
        }
        Turn::Errs | Turn::By(_) | Turn::WithFees => None,
    }
}
