<?php // In a web server, or: php -S 127.0.0.1:8080 receiver.php. With SECRET, API and TOKEN in the environment.
$api = getenv('API');     // https://shop.example/
$token = getenv('TOKEN'); // secret-token:…
$key = base64_decode(str_replace('whsec_', '', getenv('SECRET')));

function isGenuine(string $key, string $body): bool {
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (abs(time() - (int) $at) > 300) return false; // an old call, repeated
    $ours = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $theirs) {
        if (hash_equals($ours, $theirs)) return true;
    }
    return false;
}

$body = file_get_contents('php://input');
if (!isGenuine($key, $body)) { http_response_code(401); exit; }
// The call says only that something happened. What counts is what tilld answers.
$id = json_decode($body, true)['data']['order_id'];
$http = ['header' => "Authorization: Bearer $token", 'ignore_errors' => true];
$answer = file_get_contents("{$api}private/orders/$id", false, stream_context_create(['http' => $http]));
$order = json_decode($answer ?: '', true);
if (($order['order_status'] ?? '') === 'paid') {
    error_log("paid $id"); // deliver here, once for each order: a call may come twice
}
// A test call names an order that does not exist: code 2005. Anything else but an order is tried again.
http_response_code(isset($order['order_status']) || ($order['code'] ?? 0) === 2005 ? 204 : 503);
