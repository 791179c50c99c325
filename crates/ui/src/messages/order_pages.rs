//! The customer's page of an order.

macro_rules! order_pages_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            expired_title: "The time to pay has passed", "Die Zeit zum Bezahlen ist um";
            expired: "This order can no longer be paid. If you still want it, please order again, or ask the shop.",
                "Diese Bestellung kann nicht mehr bezahlt werden. Wenn Sie sie noch möchten, bestellen Sie bitte neu, oder fragen Sie im Laden.";
            pay_title: "To pay: {}", "Zu bezahlen: {}";
            paid_title: "Paid: {}", "Bezahlt: {}";
            open_wallet: "Pay with the wallet on this device", "Mit der Wallet auf diesem Gerät bezahlen";
            scan: "Or scan this with the wallet on your phone:", "Oder mit der Wallet auf dem Handy scannen:";
            qr_pay: "QR code to pay with", "QR-Code zum Bezahlen";
            qr_refund: "QR code to collect the refund with", "QR-Code zum Abholen der Erstattung";
            waiting: "Waiting for your payment …", "Wir warten auf Ihre Zahlung …";
            time_left: "Time left to pay:", "Zeit zum Bezahlen:";
            claimed: "A wallet has opened this order. Please confirm the payment there.",
                "Eine Wallet hat diese Bestellung geöffnet. Bitte bestätigen Sie die Zahlung dort.";
            paid_elsewhere: "This has been paid for already, but not for this visit. Please open it with the wallet that paid; it costs nothing again.",
                "Das ist schon bezahlt, aber nicht für diesen Besuch. Bitte öffnen Sie es mit der Wallet, die bezahlt hat; es kostet nicht noch einmal.";
            no_wallet: "No wallet yet?", "Noch keine Wallet?";
            get_wallet: "Get a GNU Taler wallet", "Eine Wallet für GNU Taler holen";
            wallet_url: "https://www.taler.net/en/wallet.html", "https://www.taler.net/de/wallet.html";
            wallet_hint: "It is free, holds money like a purse, and pays without telling who you are.",
                "Sie kostet nichts, bewahrt Geld wie ein Portemonnaie und bezahlt, ohne zu sagen, wer Sie sind.";
            paid: "Paid. Thank you!", "Bezahlt. Vielen Dank!";
            receipt: "Receipt", "Beleg";
            order_number: "Order", "Bestellung";
            paid_at: "Paid", "Bezahlt";
            shop: "Shop", "Laden";
            what: "For", "Für";
            amount: "Amount", "Betrag";
            line_total: "Total", "Summe";
            product: "Product", "Ware";
            quantity: "Quantity", "Menge";
            more_products: "and {} more", "und {} weitere";
            go_on: "Go on to what you have bought", "Weiter zu dem, was Sie gekauft haben";
            refund_title: "{} for you", "{} für Sie";
            refund_waiting: "The shop gives you money back. Your wallet collects it:",
                "Der Laden gibt Ihnen Geld zurück. Ihre Wallet holt es ab:";
            refund_open: "Collect with the wallet on this device", "Mit der Wallet auf diesem Gerät abholen";
            refund_poll: "Waiting for your wallet …", "Wir warten auf Ihre Wallet …";
            refunded: "Refunded", "Erstattet";
            refunded_partly: "{} of it was given back.", "{} davon wurden zurückgegeben.";
            refunded_wholly: "All of it was given back.", "Alles wurde zurückgegeben.";
            refund_uncollected: "Not yet collected", "Noch nicht abgeholt";
        }
    };
}
