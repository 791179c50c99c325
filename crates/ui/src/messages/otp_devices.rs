//! The back office: machines that show one-time codes.

macro_rules! otp_devices_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_otp_devices: "Code devices", "Code-Geräte";
            otp_hint: "For a machine or a stall without a network. After paying, the customer's wallet shows codes. A small device, or an authenticator app on a phone of yours, shows the same code without a network: so you see that this customer has paid.",
                "Für einen Automaten oder Stand ohne Netz. Nach dem Bezahlen zeigt die Wallet des Kunden Codes. Ein kleines Gerät, oder eine Authenticator-App auf einem Ihrer Telefone, zeigt ohne Netz denselben Code: so sehen Sie, dass dieser Kunde bezahlt hat.";
            otp_how: "Make a device here, scan its code with the app, and choose the device in a template. At the counter hangs the template's code. The customer's wallet shows five codes, a line each; the one in your app must be among them. A code is good for half a minute.",
                "Legen Sie hier ein Gerät an, scannen Sie seinen Code mit der App, und wählen Sie das Gerät in einer Vorlage. An der Theke hängt der Code der Vorlage. Die Wallet des Kunden zeigt fünf Codes, einen je Zeile; der aus Ihrer App muss dabei sein. Ein Code gilt eine halbe Minute.";
            no_otp_devices: "There are no devices yet.", "Es gibt noch keine Geräte.";
            new_otp_device: "New device", "Neues Gerät";
            otp_name: "Name", "Name";
            otp_name_hint: "For yourself, like: vending machine in the hall", "Für Sie selbst, wie: Automat im Flur";
            otp_id: "Short name", "Kurzer Name";
            otp_id_hint: "Letters, digits, dots and hyphens, like hall-1. It stays as it is.", "Buchstaben, Ziffern, Punkte und Bindestriche, wie flur-1. Er bleibt, wie er ist.";
            otp_bad_id: "A short name has 1 to 64 letters, digits, or . _ : -", "Ein kurzer Name hat 1 bis 64 Buchstaben (ohne Umlaute), Ziffern, oder . _ : -";
            otp_algorithm: "What the code depends on", "Wovon der Code abhängt";
            otp_time: "The time: any authenticator app can show it", "Von der Zeit: jede Authenticator-App kann ihn zeigen";
            otp_price: "The time and the price: for devices on which the price is typed", "Von Zeit und Preis: für Geräte, an denen der Preis eingegeben wird";
            otp_none: "There are no codes", "Es gibt keine Codes";
            otp_key: "Key of the device", "Schlüssel des Geräts";
            otp_key_hint: "Only if the device has one already: letters and the digits 2 to 7. If empty, a safe one is made.",
                "Nur wenn das Gerät schon einen hat: Buchstaben und die Ziffern 2 bis 7. Wenn leer, wird ein sicherer gemacht.";
            otp_bad_key: "A key has only letters and the digits 2 to 7, at most 128 of them.", "Ein Schlüssel hat nur Buchstaben und die Ziffern 2 bis 7, höchstens 128.";
            otp_weak_key: "This key is short and can be guessed. Better make a new one.", "Dieser Schlüssel ist kurz und kann erraten werden. Machen Sie besser einen neuen.";
            otp_fresh: "The key of this device", "Der Schlüssel dieses Geräts";
            otp_once: "It is shown only now. Scan the code with the authenticator app, or type the key into the device.",
                "Er wird nur jetzt angezeigt. Scannen Sie den Code mit der Authenticator-App, oder tippen Sie den Schlüssel in das Gerät.";
            otp_digits: "Eight digits, 30 seconds, SHA-1", "Acht Ziffern, 30 Sekunden, SHA-1";
            otp_qr: "QR code for the authenticator app", "QR-Code für die Authenticator-App";
            otp_noted: "I have it", "Ich habe ihn";
            otp_shown_before: "This key was shown before and cannot be shown again. If it is lost, make a new one.",
                "Dieser Schlüssel wurde schon angezeigt und kann nicht noch einmal angezeigt werden. Wenn er verloren ist, machen Sie einen neuen.";
            otp_code: "What the device shows now", "Was das Gerät jetzt zeigt";
            otp_code_hint: "The same must stand on the device. If not, its clock or that of this machine is wrong, or it has another key.",
                "Dasselbe muss auf dem Gerät stehen. Wenn nicht, geht seine Uhr oder die dieses Rechners falsch, oder es hat einen anderen Schlüssel.";
            otp_code_until: "good for {} seconds", "gilt noch {} Sekunden";
            otp_for_price: "For the price", "Für den Preis";
            otp_new_key: "New key or another way", "Neuer Schlüssel oder andere Art";
            otp_new_key_hint: "The device gets a new key, which is shown once. Templates keep the device. Customers who pay from now on see codes of the new key, also for orders that are open.",
                "Das Gerät bekommt einen neuen Schlüssel, der einmal angezeigt wird. Vorlagen behalten das Gerät. Wer von jetzt an bezahlt, sieht Codes des neuen Schlüssels, auch bei offenen Bestellungen.";
            otp_make_key: "Make a new key", "Neuen Schlüssel machen";
            otp_delete_hint: "Templates that use it stay, and give no more codes. So do orders that are open.",
                "Vorlagen, die es benutzen, bleiben und geben keine Codes mehr. Offene Bestellungen auch.";
            otp_delete: "Delete the device", "Gerät löschen";
            otp_too_many: "There are as many devices as there may be.", "Es gibt schon so viele Geräte, wie es geben darf.";
            otp_of_template: "Device for codes", "Gerät für Codes";
            otp_of_template_hint: "Customers who have paid see the codes of this device.", "Kunden, die bezahlt haben, sehen die Codes dieses Geräts.";
            otp_no_device: "None", "Keines";
            otp_of_order: "Device for codes", "Gerät für Codes";
        }
    };
}
