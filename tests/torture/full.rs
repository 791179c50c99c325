//! The disk is full, in each place where something is written: it is said explicitly, reading
//! goes on, nothing is there by halves, and with room all goes on by itself.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use serde_json::json;

use crate::book::{Answer, Counter, Means, Sale, Step};
use crate::common::eventually;
use crate::common::shop::Shop;
use crate::common::tilld;
use crate::disk::{Disk, Loss};

/// A shop on a disk that can be full.
fn shop(disk: &Disk) -> Shop {
    let variables = disk.variables();
    let own = [("TILLD_WEBHOOKS__ALLOW", "localhost")];
    let disk = variables.iter().map(|(name, value)| (&**name, &**value));
    Shop::with(&disk.chain(own).collect::<Vec<_>>())
}

fn counter(shop: &Shop) -> Counter {
    Counter::new(&shop.daemon.address, &shop.token)
}

/// Has it done; there is room.
fn done(sale: &mut Sale, step: Step, till: &Counter) {
    assert_eq!(sale.take(step, till, None), Answer::Done, "{step:?} of {}", sale.id);
}

#[test]
fn no_step_of_a_sale_is_done_by_halves_on_a_full_disk_and_each_goes_on_with_room() {
    let disk = Disk::new();
    let shop = shop(&disk);
    sell_on_a_full_disk(shop, &disk);
}

#[test]
fn what_was_not_done_on_a_full_disk_is_told_to_no_webhook_and_what_was_is_told_once() {
    let disk = Disk::new();
    let shop = shop(&disk);
    let kinds = ["order_created", "pay", "refund"];
    // Who calls there waits for an answer, and writes nothing meanwhile.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    for kind in kinds {
        let hook =
            json!({ "webhook_id": kind, "event_type": kind, "url": url, "http_method": "POST" });
        assert_eq!(shop.post("/private/webhooks", &hook).status, 204);
    }
    let shop = sell_on_a_full_disk(shop, &disk);
    for kind in kinds {
        let log = shop.get(&format!("/private/webhooks/{kind}/deliveries?limit=100")).json();
        assert_eq!(log["deliveries"].as_array().unwrap().len(), ROOMS.len(), "{kind}");
    }
}

/// Room for nothing, for the log's head, for a page, for some pages.
const ROOMS: [u64; 4] = [0, 40, 5_000, 9_000];

/// One sale for each room; each step is refused first, or has room enough, and is done then. The shop after
/// a power cut.
fn sell_on_a_full_disk(shop: Shop, disk: &Disk) -> Shop {
    let till = counter(&shop);
    let mut sales = Vec::new();
    for (round, room) in ROOMS.into_iter().enumerate() {
        let mut sale = Sale::new(format!("full-{round}"), Means::Cash);
        for step in [Step::Create, Step::Claim, Step::Pay, Step::Replay(1), Step::Refund(20)] {
            let before = till.get(&format!("/private/orders/{}", sale.id)).unwrap();
            disk.room(Some(room));
            let refused = disk.refused();
            let answer = sale.take(step, &till, None);
            if disk.refused() > refused {
                assert_eq!(answer, Answer::NotNow(507, 52), "{step:?} with {room}");
                let after = till.get(&format!("/private/orders/{}", sale.id)).unwrap();
                assert_eq!(after.status, before.status, "{step:?} with {room}");
                if before.status == 200 {
                    assert_eq!(after.json(), before.json(), "{step:?} with {room}");
                }
            } else {
                // It had room enough.
                assert!(room > 0, "{step:?}: {answer:?}");
            }
            assert_eq!(shop.get("/private").status, 200);
            assert_eq!(shop.get("/private/orders").status, 200);
            disk.room(None);
            done(&mut sale, step, &till);
        }
        sales.push(sale);
    }
    let shop = shop.restarted_after(|_| assert!(disk.cut(Loss::Everything) < 100));
    shop.place.ok(&["check"]);
    let till = counter(&shop);
    for sale in &sales {
        assert_eq!(sale.broken(&till, None), [""; 0]);
    }
    shop
}

#[test]
fn a_log_that_cannot_be_moved_into_a_file_without_room_loses_nothing_and_is_moved_later() {
    let disk = Disk::new();
    let shop = shop(&disk);
    let till = counter(&shop);
    disk.room_beside_logs(0);
    let mut sales = Vec::new();
    // Enough for the log to be moved at once.
    let sell = |sales: &mut Vec<Sale>| {
        for _ in 0..100 {
            let mut sale = Sale::new(format!("log-{}", sales.len()), Means::Cash);
            for step in [Step::Create, Step::Claim, Step::Pay] {
                done(&mut sale, step, &till);
            }
            sales.push(sale);
        }
    };
    sell(&mut sales);
    eventually("the log could not be moved", || disk.refused() > 0);
    // It goes on all the same.
    sell(&mut sales);
    let size = || fs::metadata(shop.place.db()).unwrap().len();
    let before = size();
    for sale in &sales {
        assert_eq!(sale.broken(&till, None), [""; 0]);
    }
    disk.room(None);
    sell(&mut sales);
    eventually("the log is moved", || size() > before);

    disk.room_beside_logs(0);
    sell(&mut sales);
    let shop = shop.restarted_after(|_| assert!(disk.cut(Loss::Everything) < 10_000));
    shop.place.ok(&["check"]);
    let till = counter(&shop);
    for sale in &sales {
        assert_eq!(sale.broken(&till, None), [""; 0]);
    }
}

#[test]
fn a_backup_without_room_is_none_and_leaves_nothing_behind() {
    let disk = Disk::new();
    let shop = shop(&disk);
    let till = counter(&shop);
    let mut sale = Sale::new("kept".into(), Means::Cash);
    for step in [Step::Create, Step::Claim, Step::Pay] {
        done(&mut sale, step, &till);
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let backup = || -> Output {
        let mut command = tilld();
        command.arg("--database").arg(shop.place.db()).arg("backup").arg(&copy);
        command.envs(disk.variables()).output().unwrap()
    };
    for room in [0, 10_000, 60_000] {
        disk.room(Some(room));
        let output = backup();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{room}: {said}");
        assert!(said.contains("the disk is full"), "{room}: {said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{room}");
        assert_eq!(shop.get("/private/orders").status, 200);
    }
    disk.room(None);
    let output = backup();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let output = tilld().arg("--database").arg(&copy).arg("check").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
