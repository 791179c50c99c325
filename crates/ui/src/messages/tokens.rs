//! The back office: access by tokens.

macro_rules! tokens_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_tokens: "Access", "Zugänge";
            tokens_hint: "Tokens let programs and devices act for the shop: a web shop, a till app, this browser.",
                "Mit Zugängen handeln Programme und Geräte für den Laden: ein Webshop, eine Kassen-App, dieser Browser.";
            no_note: "Without a name", "Ohne Namen";
            token_of_session: "Signed in here", "Hier angemeldet";
            token_own: "this browser", "dieser Browser";
            token_over: "expired", "abgelaufen";
            token_for: "May", "Darf";
            good_until: "Good until", "Gilt bis";
            last_used: "Last used", "Zuletzt benutzt";
            revoke: "Revoke", "Widerrufen";
            revoke_title: "Revoke this token?", "Diesen Zugang widerrufen?";
            revoke_hint: "The program or device with this token loses its access at once and permanently.",
                "Das Programm oder Gerät mit diesem Zugang verliert ihn sofort und endgültig.";
            revoke_own_hint: "This is the token by which you are signed in here: you will have to sign in again.",
                "Mit diesem Zugang sind Sie hier angemeldet: Sie müssen sich dann neu anmelden.";
            keep_token: "Keep it", "Behalten";
            token_shown_before: "The token was shown before and cannot be shown again. If you do not have it, revoke it and create another one.",
                "Der Zugang wurde schon angezeigt und kann nicht noch einmal angezeigt werden. Wenn Sie ihn nicht haben, widerrufen Sie ihn und legen Sie einen anderen an.";
            new_token: "New token", "Neuer Zugang";
            token_note: "Name", "Name";
            token_note_hint: "What will use it, like: tablet at the counter", "Was ihn benutzen wird, wie: Tablet an der Theke";
            token_life: "How long", "Wie lange";
            token_password_hint: "Asked for so that no other person creates tokens in your unattended browser",
                "Gefragt wird danach, damit niemand an einem verlassenen Platz Zugänge anlegt";
            make_token: "Create the token", "Zugang anlegen";
            token_made: "The token was created", "Der Zugang ist angelegt";
            token_once: "It is shown only now. Anyone who has it can act for the shop.",
                "Er wird nur jetzt angezeigt. Wer ihn hat, kann für den Laden handeln.";
            pairing_code: "QR code to pair a device", "QR-Code zum Koppeln eines Geräts";
            pairing_hint: "A device that reads this code has the address and the token.", "Ein Gerät, das diesen Code liest, hat die Adresse und den Zugang.";
            token_value: "Token", "Zugang";
            api_address: "Address of the shop", "Adresse des Ladens";
            token_noted: "I have it", "Ich habe ihn";
            scope_read: "look at everything", "alles ansehen";
            scope_simple: "sell: create orders and see their state", "verkaufen: Bestellungen anlegen und ihren Stand sehen";
            scope_pos: "sell at a counter, in cash too", "an der Theke verkaufen, auch bar";
            scope_mgmt: "sell and give refunds", "verkaufen und erstatten";
            scope_full: "do everything about orders", "alles mit Bestellungen tun";
            scope_all: "do everything", "alles tun";
        }
    };
}
