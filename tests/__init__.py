"""The tests mirror the packages they speak of; stories and measurements run across them."""
