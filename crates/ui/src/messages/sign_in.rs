//! The back office: signing in.

macro_rules! sign_in_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            sign_in: "Sign in", "Anmelden";
            sign_in_title: "Sign in to the back office", "Bei der Verwaltung anmelden";
            instance: "Shop", "Laden";
            instance_hint: "The short name of the shop in addresses; the first one is called admin",
                "Der Kurzname des Ladens in Adressen; der erste heißt admin";
            password: "Password", "Passwort";
            wrong_password: "Wrong shop or password.", "Laden oder Passwort stimmen nicht.";
            too_many_attempts: "Too many password attempts. Please wait a minute.",
                "Es wurden zu viele Passwörter versucht. Bitte warten Sie eine Minute.";
            plain_way: "This connection is not encrypted: others in the same network can read the password and act in your name. Use https if you can.",
                "Diese Verbindung ist nicht verschlüsselt: andere im selben Netz können das Passwort mitlesen und in Ihrem Namen handeln. Benutzen Sie möglichst https.";
            session_expired: "You were signed out after a time of inactivity. Please sign in again.",
                "Sie wurden nach einer Zeit ohne Aktivität abgemeldet. Bitte melden Sie sich wieder an.";
            said_shop_exists: "There is a shop already. Sign in to it.", "Es gibt schon einen Laden. Melden Sie sich dort an.";
            said_signed_out: "You are signed out.", "Sie sind abgemeldet.";
            signed_out_title: "You are signed out", "Sie sind abgemeldet";
            signed_out: "Please sign in again.", "Bitte melden Sie sich wieder an.";
        }
    };
}
