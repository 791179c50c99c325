//! The back office: the list of orders.

macro_rules! orders_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_orders: "Orders", "Bestellungen";
            new_order: "New order", "Neue Bestellung";
            show: "Show", "Zeige";
            show_all: "all", "alle";
            show_unpaid: "unpaid", "unbezahlte";
            show_paid: "paid", "bezahlte";
            show_refunded: "refunded", "erstattete";
            search: "Search", "Suche";
            search_hint: "Text or order number", "Text oder Bestellnummer";
            from_day: "From", "Von";
            until_day: "Until", "Bis";
            hide_bought: "Leave out what a customer opened again who has paid for it before", "Weglassen, was jemand noch einmal geöffnet hat, der es schon bezahlt hat";
            look: "Look", "Suchen";
            no_date: "A date is missing a part or does not exist.", "Ein Datum ist unvollständig oder gibt es nicht.";
            no_orders: "There are no such orders.", "Es gibt keine solchen Bestellungen.";
            newer: "Newer", "Neuere";
            older: "Older", "Ältere";
            is_unpaid: "unpaid", "unbezahlt";
            is_claimed: "being paid", "wird bezahlt";
            is_expired: "expired", "abgelaufen";
            is_paid: "paid", "bezahlt";
            refund_waits: "refund waiting", "Erstattung wartet";
            refund_refused: "refund refused", "Erstattung abgelehnt";
            is_partly_refunded: "partly refunded", "teils erstattet";
            is_refunded: "refunded", "erstattet";
        }
    };
}
