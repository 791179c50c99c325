//! The back office: a new order.

macro_rules! new_order_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            what_is_bought: "What is bought", "Was gekauft wird";
            amount_in: "Amount in", "Betrag in";
            more: "More", "Mehr";
            fulfillment_url: "Page after payment", "Seite nach der Zahlung";
            fulfillment_url_hint: "Where the customer finds what was bought; may stay empty",
                "Wo der Kunde das Gekaufte findet; darf leer bleiben";
            fulfillment_message: "Message after payment", "Nachricht nach der Zahlung";
            fulfillment_message_hint: "The wallet shows it; may stay empty", "Die Wallet zeigt sie; darf leer bleiben";
            pay_minutes: "Minutes to pay", "Minuten zum Bezahlen";
            refund_days: "Days in which refunds are possible", "Tage, in denen Erstattungen möglich sind";
            as_usual: "Empty: as usual in this shop", "Leer: wie in diesem Laden üblich";
            make_order: "Create the order", "Bestellung anlegen";
        }
    };
}
