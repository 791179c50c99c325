//! Why a customer's request was refused.

macro_rules! refusals_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            not_found_title: "Page not found", "Seite nicht gefunden";
            not_found: "The link may be incomplete, or its page may have been removed. Please ask the shop.",
                "Vielleicht ist der Link unvollständig, oder seine Seite wurde entfernt. Bitte fragen Sie im Laden.";
            gone_title: "No longer available", "Nicht mehr verfügbar";
            gone: "The page behind this link is no longer available. Please ask the shop.",
                "Die Seite hinter diesem Link gibt es nicht mehr. Bitte fragen Sie im Laden.";
            refused_title: "That did not work", "Das ging nicht";
            refused: "The till did not understand this request. Please go back and try again.",
                "Die Kasse konnte mit dieser Anfrage nichts anfangen. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
            too_much_title: "Too many requests", "Zu viele Anfragen";
            too_much: "The till is getting too many orders right now. Please wait a minute and try again.",
                "Die Kasse hat gerade zu viele Bestellungen bekommen. Bitte warten Sie eine Minute und versuchen Sie es noch einmal.";
            broken_title: "Something is wrong here", "Hier stimmt etwas nicht";
            broken: "The till cannot answer at the moment. Nothing is lost. Please try again later.",
                "Die Kasse kann im Augenblick nicht antworten. Nichts ist verloren. Bitte versuchen Sie es später noch einmal.";
        }
    };
}
