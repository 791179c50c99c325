INSERT INTO till_devices (instance_serial, hash, browser, created_at_s)
VALUES (:instance, :hash, :browser, :created_at_s)
