from django.apps import AppConfig


class WeatherConfig(AppConfig):
    name = "tests.weather_app"
    label = "weather"
